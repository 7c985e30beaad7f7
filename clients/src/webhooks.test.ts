import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { asServer, asker, group, send, somebody } from './server.js';
import { update } from './operations.js';
import { receiver } from './webhooks.js';

const ask = asker(asServer);
const create = 'mutation ($url: String!) { createWebhook(input: { url: $url, withDialog: true }) { secret webhook { id } } }';

test('the library of Standard Webhooks verifies what arrives, also while a secret is rotated', async () => {
  const arrived = new Map<string, { type: string; data: any }>();
  let waiting = () => {};
  const keep = async (id: string, event: { type: string; data: any }) => {
    arrived.set(id, event);
    waiting();
  };
  const until = async (id: string) => {
    while (!arrived.has(id)) await new Promise<void>((resolve) => (waiting = resolve));
    return arrived.get(id)!;
  };
  // The receivers with the two secrets share a port, one after the other.
  const first = createServer().listen(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address() as AddressInfo;
  first.close();
  const { createWebhook } = await ask(create, { url: `http://127.0.0.1:${port}/` });
  const listen = async (secret: string) => {
    const server = receiver(secret, keep).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server = await listen(createWebhook.secret);
  const id = await group(somebody('alice'), 'Lunch');
  const created = await until(`${id}_1`);
  assert.equal(created.type, 'dialog.created');
  assert.equal(created.data.dialog.name, 'Lunch');

  const { rotateWebhookSecret } = await ask('mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret } }', createWebhook.webhook);
  await send(update, { id, input: { name: 'Dinner' } });
  await until(`${id}_2`); // by the old secret
  server.closeAllConnections();
  server.close();
  server = await listen(rotateWebhookSecret.secret);
  await ask('mutation ($id: ID!) { updateWebhook(id: $id, input: { status: PAUSED }) { webhook { status } } }', createWebhook.webhook);
  await ask('mutation ($id: ID!) { updateWebhook(id: $id, input: { status: ACTIVE }) { webhook { status } } }', createWebhook.webhook);
  await send(update, { id, input: { name: 'Supper' } });
  assert.equal((await until(`${id}_3`)).data.change.name, 'Supper');
  await ask('mutation ($id: ID!) { deleteWebhook(id: $id) { deletedId } }', createWebhook.webhook);
  server.closeAllConnections();
  server.close();
});

test('a body that was changed on its way is refused', async () => {
  const server = receiver('whsec_' + Buffer.alloc(32).toString('base64'), async () => assert.fail('it was accepted')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { 'webhook-id': 'a', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': 'v1,AAAA' };
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: '{}' });
  assert.equal(answer.status, 400);
  server.close();
});

test('the documents show the code that is tested here', () => {
  for (const [document, file] of [['webhooks.md', 'webhooks.ts'], ['sync.md', 'sync.ts']]) {
    const code = readFileSync(`src/${file}`, 'utf8');
    assert.ok(readFileSync(`../docs/${document}`, 'utf8').includes('```ts\n' + code + '```'), document);
  }
});
