// The same tasks with several versions of QuickBlox's library, each pointed at
// the server by the very text of docs/quickblox.md.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';

import { call, define, endpoint, tokenOf } from './qb.js';

const guide = await readFile(process.env.TEST_GUIDE, 'utf8');
const [withAccountKey, withoutAccountKey] = [...guide.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]);

const versions = {
  quickblox: withAccountKey,
  'quickblox-2.13': withAccountKey,
  'quickblox-2.7': withoutAccountKey,
};

before(() => define('Party', [{ name: 'theme', type: 'STRING' }]));

for (const [name, snippet] of Object.entries(versions)) {
  describe(name, async () => {
    const { default: QB } = await import(name);
    const user = 1000 + Object.keys(versions).indexOf(name);
    const friend = 2000 + user;
    const dialogs = () => QB.chat.dialog;

    before(async () => {
      const said = snippet.replaceAll('dialogs.example.com', endpoint);
      assert.notEqual(said, snippet);
      new Function('QB', 'token', said)(QB, await tokenOf(user));
      assert.equal(QB.service.qbInst.config.endpoints.api, endpoint);
    });

    async function group() {
      return call(dialogs(), 'create', { type: 2, name: 'Party', occupants_ids: [friend] });
    }

    test('creates, lists and counts', async () => {
      const dialog = await group();
      assert.deepEqual(dialog.occupants_ids, [user, friend]);
      const list = await call(dialogs(), 'list', { limit: 10, skip: 0, sort_desc: 'created_at', type: { in: [2, 3] }, include_unread_message_count: 1 });
      assert.equal(list.items[0]._id, dialog._id);
      const since = Date.parse(dialog.created_at) / 1000 - 0.5;
      assert.ok((await call(dialogs(), 'list', { created_at: { gte: since } })).total_entries >= 1);
      assert.ok((await call(dialogs(), 'list', { created_at: { gte: since * 1000 } })).total_entries >= 1);
      assert.ok((await call(dialogs(), 'list', { count: 1 })).items.count >= 1);
      assert.ok((await call(dialogs(), 'list', null)).total_entries >= 1);
    });

    test('updates, with the whole dialog sent along', async () => {
      const dialog = await group();
      const renamed = await call(dialogs(), 'update', dialog._id, { ...dialog, name: 'New Year' });
      assert.deepEqual({ ...renamed, updated_at: '' }, { ...dialog, name: 'New Year', updated_at: '' });
      const added = await call(dialogs(), 'update', dialog._id, { ...dialog, push_all: { occupants_ids: [5] } });
      assert.deepEqual(added.occupants_ids, [5, user, friend]);
      const removed = await call(dialogs(), 'update', dialog._id, { ...dialog, pull_all: { occupants_ids: [5] } });
      assert.deepEqual(removed.occupants_ids, [user, friend]);
      const set = await call(dialogs(), 'update', dialog._id, { data: { class_name: 'Party', theme: 'snow' } });
      assert.deepEqual(set.data, { class_name: 'Party', theme: 'snow' });
      assert.deepEqual(await call(dialogs(), 'update', dialog._id, {}), { ...set });
    });

    test('has one private dialog with a friend, whatever it is called', async () => {
      const params = { type: 3, name: 'Anna', occupants_ids: [friend] };
      const dialog = await call(dialogs(), 'create', { ...params });
      assert.equal(dialog.name, null);
      assert.equal((await call(dialogs(), 'create', { ...params }))._id, dialog._id);
      assert.equal((await call(dialogs(), 'update', dialog._id, { name: 'Ben' })).name, null);
    });

    test('leaves and deletes', async () => {
      const [left, deleted] = [await group(), await group()];
      await call(dialogs(), 'delete', left._id);
      await call(dialogs(), 'delete', deleted._id, { force: 1 });
      for (const { _id } of [left, deleted]) {
        assert.deepEqual((await call(dialogs(), 'list', { _id })).items, []);
      }
    });

    test('is told when its session has expired, and continues with another one', async () => {
      let expired = 0;
      const { config, session } = QB.service.qbInst;
      config.on.sessionExpired = (next, retry) => {
        expired += 1;
        return retry ? retry(session) : next();
      };
      QB.service.setSession({ token: 'expired' });
      const list = await call(dialogs(), 'list', { limit: 1 });
      assert.equal(list.limit, 1);
      assert.equal(expired, 1);
      config.on.sessionExpired = null;
    });
  });
}
