import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remove, update } from './operations.js';
import { as, asker, group, send, somebody } from './server.js';
import { sync } from './sync.js';

const names = (copy: { dialogs: Map<string, { name: string | null }> }) => [...copy.dialogs.values()].map(({ name }) => name).sort();

test('a copy starts without a gap, and keeps up', async () => {
  const alice = somebody('alice');
  const ids: string[] = [];
  for (let i = 0; i < 101; i++) ids.push(await group(alice, `Dialog ${i}`, ['bob']));
  const ask = asker(await as(alice));
  // Between any two requests of the start, somebody changes something.
  const between = [
    () => send(update, { id: ids[0]!, input: { name: 'after the position' } }),
    () => send(update, { id: ids[100]!, input: { name: 'after the first page' } }),
    () => send(remove, { id: ids[50]! }),
  ];
  const copy = { dialogs: new Map(), cursor: null as string | null };
  await sync(async (query, variables) => {
    const data = await ask(query, variables);
    await between.shift()?.();
    return data;
  }, copy);
  assert.equal(between.length, 0);
  const first = names(copy);
  assert.equal(first.length, 100);
  for (const name of ['after the position', 'after the first page']) assert.ok(first.includes(name), name);
  assert.ok(!first.includes('Dialog 50'));

  await send(update, { id: ids[1]!, input: { removeOccupants: [alice] } });
  await send(update, { id: ids[2]!, input: { name: 'later' } });
  const added = await group('bob', 'joined', [alice]);
  await sync(ask, copy);
  const { dialogs } = await ask('{ dialogs(first: 100) { nodes { id name version } } }', {});
  assert.deepEqual(names(copy), names({ dialogs: new Map(dialogs.nodes.map((dialog: { id: string }) => [dialog.id, dialog])) }));
  assert.ok(copy.dialogs.has(added) && !copy.dialogs.has(ids[1]));
  assert.equal(copy.dialogs.get(ids[2]).name, 'later');
});
