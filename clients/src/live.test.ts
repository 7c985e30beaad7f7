import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { apollo, bare, type Event, type Library, relayOn, urql } from './libraries.js';
import { Program } from './program.js';
import { somebody } from './server.js';
import { apart, overEventStreams, overWebSockets, type Transport } from './transports.js';
import { Wire } from './wire.js';

/** One library on one transport, with a user of its own who watches one group. */
interface Client {
  library: Library;
  transport: Transport;
  user: string;
  token: string;
  group: string;
  events: Event[];
  ended: (string | null)[];
}

let program: Program;
let wire: Wire;
const clients: Client[] = [];

before(async () => {
  program = await new Program().start();
  wire = await new Wire(program.port).listen();
  for (const over of [overWebSockets, overEventStreams]) {
    for (const make of [bare, apollo, urql, relayOn]) {
      const client = { user: somebody('alice'), events: [] as Event[], ended: [] as (string | null)[] } as Client;
      client.token = program.token(client.user);
      const open = () => over(wire.port, () => client.token);
      client.transport = apart(open(), open());
      client.library = make(client.transport);
      client.group = await program.group(client.user, 'Lunch');
      clients.push(client);
    }
  }
});
after(async () => {
  for (const { transport } of clients) transport.dispose();
  wire.close();
  await program.end();
});

/** Does it for every client at once, and says whose failure it is. */
async function each(act: (client: Client) => Promise<void>): Promise<void> {
  await Promise.all(
    clients.map((client) =>
      act(client).catch((error: unknown) => {
        throw new Error(`${client.library.name}: ${String(error)}`, { cause: error });
      }),
    ),
  );
}

async function until(what: string, condition: () => unknown): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); await pause(10)) {
    assert.ok(Date.now() < end, `no ${what}`);
  }
}

/** Renames every group, and waits until every client has seen that. */
async function seen(name: string): Promise<void> {
  await each(async ({ group, events, ended }) => {
    await program.rename(group, name);
    await until(name, () => events.at(-1)?.dialog?.name === name || ended.length > 0);
    assert.deepEqual(ended, []);
  });
}

test('queries, mutations and their errors', async () => {
  const foreign = await program.group(somebody('bob'), 'Not theirs');
  await each(async ({ library, group }) => {
    assert.equal(await library.read(group), 'Lunch');
    assert.equal(await library.rename(group, 'Dinner'), 'Dinner');
    assert.equal(await library.read(foreign), 'FORBIDDEN');
    assert.equal(await library.rename(foreign, 'Theirs'), 'FORBIDDEN');
    assert.equal(await library.rename(group, ''), 'BAD_USER_INPUT');
  });
});

test('a subscription that is refused ends with its code', async () => {
  const foreign = await program.group(somebody('bob'), 'Not theirs');
  await each(async ({ library, group }) => {
    const ends: (string | null)[] = [];
    const watcher = { next: () => assert.fail('an event'), end: (code: string | null) => ends.push(code) };
    library.watchOne(foreign, 1, watcher);
    await until('end', () => ends.length > 0);
    library.watchOne(group, 1000, watcher);
    await until('second end', () => ends.length > 1);
    assert.deepEqual(ends, ['FORBIDDEN', 'BAD_USER_INPUT']);
  });
});

test('dialogChanged completes when the user is removed', async () => {
  await each(async ({ library, user }) => {
    const id = await program.group('bob', 'Lunch', [user]);
    const events: Event[] = [];
    const ends: (string | null)[] = [];
    library.watchOne(id, 1, { next: (event) => events.push(event), end: (code) => ends.push(code) });
    await program.rename(id, 'Dinner');
    await until('event', () => events.length > 0);
    await program.ask('mutation ($id: ID!, $user: ID!) { updateDialog(id: $id, input: { removeOccupants: [$user] }) { replayed } }', { id, user });
    await until('end', () => ends.length > 0);
    assert.deepEqual(ends, [null]);
    assert.deepEqual(events.map(({ change, dialog }) => [change?.version, dialog?.name]), [[2, 'Dinner'], [3, undefined]]);
  });
});

test('dialogsChanged starts without a gap, and shows what happens', async () => {
  await each(async ({ library, token, group, events, ended }) => {
    const { dialogChanges } = await program.ask('{ dialogChanges { cursor } }', {}, { 'qb-token': token });
    await program.rename(group, 'in between');
    const next = (event: Event) => event.dialogId === group && events.push(event);
    library.watchAll(dialogChanges.cursor, { next, end: (code) => ended.push(code) });
    await until('what changed in between', () => events.length > 0);
    assert.equal(events[0]!.dialog?.name, 'in between');
  });
  await seen('live');
});

test('a connection that breaks', async () => {
  wire.cut();
  await seen('after a cut');
});

test('a server that is stopped and started again', async () => {
  for (const { transport } of clients) transport.ends.length = 0;
  await program.stop();
  await program.start();
  await each(({ group }) => program.rename(group, 'while nobody was connected'));
  wire.leadTo(program.port);
  await seen('after a restart');
  for (const { library, transport } of clients) {
    const first = transport.ends[0];
    assert.equal(first, transport.name === 'graphql-ws' ? 1012 : 'cut off', library.name);
  }
});

test('a session that is ended, and the next one', async () => {
  for (const { transport } of clients) transport.ends.length = 0;
  await each(async (client) => {
    const response = await fetch(`http://127.0.0.1:${program.port}/session.json`, { method: 'DELETE', headers: { 'qb-token': client.token } });
    assert.equal(response.status, 200);
    client.token = program.token(client.user);
  });
  await each(async ({ transport }) => {
    await until('end of the connection', () => transport.ends.length > 0);
    if (transport.name === 'graphql-ws') assert.equal(transport.ends[0], 4403);
  });
  await seen('with a new session');
});

test('nobody saw a change twice', () => {
  for (const { library, events } of clients) {
    const versions = events.map(({ change }) => change!.version);
    assert.deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b), library.name);
  }
});
