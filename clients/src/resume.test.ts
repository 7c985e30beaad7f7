import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { bare, type Event } from './libraries.js';
import { Program } from './program.js';
import { somebody } from './server.js';
import { overEventStreams, overWebSockets, type Transport } from './transports.js';
import { Wire } from './wire.js';

let program: Program;
before(async () => {
  program = await new Program().start();
});
after(() => program.end());

const changes = 120;
/** The server keeps 50 changes of each dialog, so nobody may fall behind by as many. */
const furthest = 30;

/** Changes dialogs one after the other, and no faster than the client can follow on a busy machine. */
async function change(ids: string[], behind: (done: Map<string, number>) => number): Promise<Map<string, number>> {
  const versions = new Map(ids.map((id) => [id, 1]));
  for (let i = 0; i < changes; i++) {
    const id = ids[i % ids.length]!;
    await program.rename(id, `Name ${i}`);
    versions.set(id, versions.get(id)! + 1);
    while (behind(versions) > furthest) await pause(10);
  }
  while (behind(versions) > 0) await pause(10);
  return versions;
}

for (const [name, over] of [['graphql-ws', overWebSockets], ['graphql-sse', overEventStreams]] as const) {
  /** A client whose connections break after a random number of bytes. */
  async function connected(use: (transport: Transport, alice: string) => Promise<void>): Promise<void> {
    const wire = await new Wire(program.port).listen();
    wire.breaksAfter = () => 400 + Math.floor(Math.random() * 3000);
    const alice = somebody('alice');
    const token = program.token(alice);
    const transport = over(wire.port, () => token);
    try {
      await use(transport, alice);
    } finally {
      transport.dispose();
      wire.close();
    }
    assert.ok(transport.ends.length >= 5, `the connection broke ${transport.ends.length} times only`);
  }

  test(`${name}: dialogChanged loses nothing and repeats nothing while its connection breaks`, async () => {
    await connected(async (transport, alice) => {
      const id = await program.group(alice, 'Lunch');
      const seen: number[] = [];
      let ended: unknown;
      bare(transport).watchOne(id, 1, { next: ({ change }: Event) => seen.push(change!.version), end: (code) => (ended = code) });
      await change([id], (done) => {
        assert.equal(ended, undefined);
        return done.get(id)! - (seen.at(-1) ?? 1);
      });
      assert.deepEqual(seen, Array.from({ length: changes }, (_, i) => i + 2));
    });
  });

  test(`${name}: dialogsChanged loses no dialog and repeats nothing while its connection breaks`, async () => {
    await connected(async (transport, alice) => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push(await program.group(alice, 'Lunch'));
      const { dialogChanges } = await program.ask('{ dialogChanges { cursor } }', {}, { 'qb-token': program.token(alice) });
      const last = new Map(ids.map((id) => [id, 1]));
      let ended: unknown;
      bare(transport).watchAll(dialogChanges.cursor, {
        next: ({ dialogId, change, dialog }: Event) => {
          if (change!.version <= last.get(dialogId!)!) ended = `version ${change!.version} came again`;
          last.set(dialogId!, change!.version);
          if (dialog!.version < change!.version) ended = 'the dialog is older than its change';
        },
        end: (code) => (ended = code),
      });
      const versions = await change(ids, (done) => {
        assert.equal(ended, undefined);
        return Math.max(...ids.map((id) => done.get(id)! - last.get(id)!));
      });
      assert.deepEqual(last, versions);
    });
  });
}
