import assert from 'node:assert/strict';
import { before, beforeEach, describe, test } from 'node:test';

import { QB, applicationID, asKey, asUser, call, define, dialogURL, init } from './qb.js';

const owner = 96753878;
const friend = 96754523;
const others = [91375295, 96705448];

before(async () => {
  init();
  await define('CoolDialog', [
    { name: 'category', type: 'STRING' },
    { name: 'rating', type: 'INTEGER' },
    { name: 'tags', type: 'STRING', list: true },
  ]);
});

// group makes a group of the owner and the friend.
async function group(name = 'New Year party') {
  await asUser(owner);
  return call(QB.chat.dialog, 'create', { type: 2, name, occupants_ids: [friend] });
}

// refused checks that a call fails with this status, and returns what is said.
async function refused(status, promise) {
  const error = await promise.then(
    (result) => assert.fail(`got ${JSON.stringify(result)}`),
    (error) => error,
  );
  assert.equal(error.code, status);
  assert.equal(error.status, 'error');
  assert.deepEqual(error.message, { errors: error.detail });
  assert.equal(error.detail.length, 1);
  return error.detail[0];
}

describe('sessions', () => {
  test('a token of the back end starts one', async () => {
    const { session } = await asUser(owner);
    assert.equal(session.user_id, owner);
    assert.equal(session.token, QB.service.getSession().token);
    assert.ok(Math.abs(Date.parse(session.created_at) - Date.now()) < 60_000);
    const left = QB.service.qbInst.config.qbTokenExpirationDate - Date.now();
    assert.ok(left > 117 * 60_000 && left < 120 * 60_000, `the library thinks that ${left} ms are left`);
    assert.deepEqual((await call(QB, 'getSession')).session, session);
  });

  test('a password starts none', async () => {
    QB.service.setSession(null);
    const said = await refused(401, call(QB, 'createSession', { login: 'john', password: 'secret' }));
    assert.match(said, /your back end creates sessions/);
    assert.match(await refused(404, call(QB, 'login', { login: 'john', password: 'secret' })), /Passwords .* are not supported/);
  });

  test('an ended one is over, and the library can continue with another one', async () => {
    const dialog = await group();
    await asUser(owner);
    const { token } = QB.service.getSession();
    await call(QB, 'destroySession');
    assert.equal(QB.service.getSession(), null);

    QB.service.setSession({ token });
    const said = await refused(401, call(QB.chat.dialog, 'list', {}));
    assert.match(said, /^Required session does not exist/);

    let expired = 0;
    init({
      on: {
        sessionExpired(next, retry) {
          expired += 1;
          asUser(owner).then(() => retry(QB.service.getSession()), next);
        },
      },
    });
    QB.service.setSession({ token });
    const list = await call(QB.chat.dialog, 'list', { _id: dialog._id });
    assert.equal(list.items[0]._id, dialog._id);
    assert.equal(expired, 1);
    init({ on: { sessionExpired: null } });
  });
});

describe('creating', () => {
  beforeEach(() => asUser(owner));

  test('a group', async () => {
    const dialog = await call(QB.chat.dialog, 'create', {
      type: 2,
      name: 'Daniel’s birthday & more',
      photo: '68123',
      occupants_ids: [friend, ...others],
      admin_ids: [friend, others[0]],
      data: { class_name: 'CoolDialog', category: 'friends', rating: 5 },
      is_join_required: 1,
    });
    assert.match(dialog._id, /^[0-9a-f]{24}$/);
    assert.equal(dialog.type, 2);
    assert.equal(dialog.name, 'Daniel’s birthday & more');
    assert.equal(dialog.photo, '68123');
    assert.equal(dialog.user_id, owner);
    // Ascending, as the library's own specs have it.
    assert.deepEqual(dialog.occupants_ids, [owner, friend, ...others].sort((a, b) => a - b));
    assert.deepEqual(dialog.admin_ids, [others[0], friend]);
    assert.deepEqual(dialog.data, { class_name: 'CoolDialog', category: 'friends', rating: 5 });
    assert.match(dialog.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(dialog.updated_at, dialog.created_at);
    assert.equal(dialog.last_message, null);
    assert.equal(dialog.unread_messages_count, 0);
    const { chat } = QB.service.qbInst.config.endpoints;
    assert.equal(dialog.xmpp_room_jid, `0_${dialog._id}@muc.${chat.replace(/:\d+$/, '')}`);
  });

  test('a public group', async () => {
    const dialog = await call(QB.chat.dialog, 'create', { type: 1, name: 'Public Awesome chat' });
    assert.equal(dialog.type, 1);
    assert.deepEqual(dialog.occupants_ids, []);
    await asUser(others[1]);
    const { items } = await call(QB.chat.dialog, 'list', { type: 1, name: { ctn: 'awesome' } });
    assert.deepEqual(items.map((item) => item._id), [dialog._id]);
  });

  test('a private dialog, which is one for its two', async () => {
    const dialog = await call(QB.chat.dialog, 'create', { type: 3, occupants_ids: [friend] });
    assert.equal(dialog.type, 3);
    assert.equal(dialog.xmpp_room_jid, null);
    assert.deepEqual(dialog.occupants_ids, [owner, friend]);
    await asUser(friend);
    assert.deepEqual(await call(QB.chat.dialog, 'create', { type: 3, occupants_ids: [owner] }), dialog);
  });

  test('nothing that is malformed', async () => {
    assert.match(await refused(400, call(QB.chat.dialog, 'create', { type: 2, occupants_ids: [friend] })), /^name: /);
    assert.match(await refused(400, call(QB.chat.dialog, 'create', { type: 3, occupants_ids: [friend, ...others] })), /^occupants_ids: /);
    assert.match(await refused(400, call(QB.chat.dialog, 'create', { type: 9, name: 'x' })), /^type: /);
  });
});

describe('the recipes of "Update dialog"', () => {
  const recipes = {
    'update its name': {
      change: { name: 'New Year 2020 party' },
      check: (dialog) => assert.equal(dialog.name, 'New Year 2020 party'),
    },
    'add participants': {
      change: { push_all: { occupants_ids: others } },
      check: (dialog) => assert.deepEqual(dialog.occupants_ids, [others[0], others[1], owner, friend]),
    },
    'remove participants': {
      change: { pull_all: { occupants_ids: [friend] } },
      check: (dialog) => assert.deepEqual(dialog.occupants_ids, [owner]),
    },
    'update its custom data': {
      change: { data: { class_name: 'CoolDialog', category: 'family', rating: 4, tags: ['a', 'b'] } },
      check: (dialog) => assert.deepEqual(dialog.data, { class_name: 'CoolDialog', category: 'family', rating: 4, tags: ['a', 'b'] }),
    },
  };
  for (const [name, { change, check }] of Object.entries(recipes)) {
    test(`${name}, with a session token`, async () => {
      const { _id } = await group();
      check(await call(QB.chat.dialog, 'update', _id, structuredClone(change)));
    });
    test(`${name}, with an API key`, async () => {
      const { _id } = await group();
      check(await asKey(owner, {
        url: dialogURL(_id), type: 'PUT', contentType: 'application/json; charset=utf-8', isNeedStringify: true, data: change,
      }));
    });
  }

  test('add and remove admins', async () => {
    const { _id } = await group();
    const named = await call(QB.chat.dialog, 'update', _id, { push_all: { occupants_ids: others, admin_ids: [friend] } });
    assert.deepEqual(named.admin_ids, [friend]);
    const dismissed = await call(QB.chat.dialog, 'update', _id, { pull_all: { admin_ids: [friend] } });
    assert.deepEqual(dismissed.admin_ids, []);
  });

  test('all of one call or nothing of it', async () => {
    const { _id } = await group();
    await refused(400, call(QB.chat.dialog, 'update', _id, { name: 'x', push_all: { occupants_ids: others }, data: { class_name: 'CoolDialog', rating: 'many' } }));
    const { items } = await call(QB.chat.dialog, 'list', { _id });
    assert.equal(items[0].name, 'New Year party');
    assert.deepEqual(items[0].occupants_ids, [owner, friend]);
  });
});

describe('errors reach the callback', () => {
  test('403 to who may not', async () => {
    const { _id } = await group();
    await asUser(friend);
    const said = await refused(403, call(QB.chat.dialog, 'update', _id, { pull_all: { occupants_ids: [owner] } }));
    assert.match(said, /only the owner .*occupant/);
    await asUser(others[0]);
    assert.match(await refused(403, call(QB.chat.dialog, 'update', _id, { name: 'x' })), /./);
    await refused(403, asKey(others[0], { url: dialogURL(_id), type: 'PUT', contentType: 'application/json', isNeedStringify: true, data: { name: 'x' } }));
  });

  test('404 where there is no dialog', async () => {
    await asUser(owner);
    assert.equal(await refused(404, call(QB.chat.dialog, 'update', '5d75393ba28f9a17e1cb0f9e', { name: 'x' })), 'dialog not found');
  });

  test('401 without a session', async () => {
    QB.service.setSession(null);
    assert.match(await refused(401, call(QB.chat.dialog, 'list', {})), /authentication required/);
  });

  test('404 for what is not served', async () => {
    await asUser(owner);
    assert.match(await refused(404, call(QB.chat.message, 'list', { chat_dialog_id: '5d75393ba28f9a17e1cb0f9e' })), /^messages are not available/);
    assert.match(await refused(404, call(QB.chat.message, 'unreadCount', { chat_dialog_ids: ['5d75393ba28f9a17e1cb0f9e'] })), /^messages are not available/);
    assert.match(await refused(404, call(QB.users, 'get', { login: 'john' })), /^users are not available/);
    assert.match(await refused(404, call(QB.data, 'list', 'CoolDialog', {})), /^custom objects are only available/);
    assert.match(await refused(404, call(QB.content, 'list')), /^files are not available/);
    assert.match(await refused(404, call(QB.pushnotifications.subscriptions, 'list')), /^push notifications are not available/);
  });
});

describe('listing', () => {
  const names = ['one', 'two', 'three', 'four', 'five'];
  const made = [];

  before(async () => {
    await asUser('lister');
    for (const [i, name] of names.entries()) {
      made.push(await call(QB.chat.dialog, 'create', {
        type: 2, name, occupants_ids: i % 2 ? [friend] : others,
        data: { class_name: 'CoolDialog', category: i < 3 ? 'friends' : 'work', rating: i },
      }));
    }
  });
  beforeEach(() => asUser('lister'));

  const list = async (params) => (await call(QB.chat.dialog, 'list', params)).items.map((item) => item.name).sort();

  test('everything, as the library’s own specs have it', async () => {
    const all = await call(QB.chat.dialog, 'list', { type: 2 });
    assert.equal(all.total_entries, 5);
    assert.equal(all.items.length, 5);
    assert.equal(all.skip, 0);
    assert.equal(all.limit, 100);
  });

  test('page by page, in order', async () => {
    const seen = [];
    for (let skip = 0; skip < 6; skip += 2) {
      const page = await call(QB.chat.dialog, 'list', { type: 2, limit: 2, skip, sort_asc: 'name' });
      assert.equal(page.total_entries, 5);
      assert.equal(page.skip, skip);
      assert.equal(page.limit, 2);
      seen.push(...page.items.map((item) => item.name));
    }
    assert.deepEqual(seen, [...names].sort());
    const reverse = await call(QB.chat.dialog, 'list', { type: { in: [2, 3] }, sort_desc: 'name' });
    assert.deepEqual(reverse.items.map((item) => item.name), [...names].sort().reverse());
  });

  test('by filters, in the ways that there are to write them', async () => {
    assert.deepEqual(await list({ _id: { in: [made[0]._id, made[3]._id] } }), ['four', 'one']);
    assert.deepEqual(await list({ '_id[in]': `${made[0]._id},${made[3]._id}` }), ['four', 'one']);
    assert.deepEqual(await list({ type: 2, name: { ctn: 'O' } }), ['four', 'one', 'two']);
    assert.deepEqual(await list({ occupants_ids: { all: others } }), ['five', 'one', 'three']);
    assert.deepEqual(await list({ type: 2, 'occupants_ids[all]': friend }), ['four', 'two']);
    assert.deepEqual(await list({ data: { class_name: 'CoolDialog', category: 'work' } }), ['five', 'four']);
    assert.deepEqual(await list({ data: { class_name: 'CoolDialog', rating: 2 } }), ['three']);
    const before = Math.floor(Date.parse(made[0].created_at) / 1000) - 1;
    assert.deepEqual(await list({ type: 2, created_at: { gt: before }, updated_at: { lte: before + 3600 } }), [...names].sort());
    assert.deepEqual(await list({ type: 2, 'created_at[lt]': before }), []);
  });

  test('only how many', async () => {
    assert.deepEqual(await call(QB.chat.dialog, 'list', { type: 2, count: 1 }), { items: { count: 5 } });
  });

  test('with addISOTime', async () => {
    init({ addISOTime: true });
    await asUser('lister');
    const { items } = await call(QB.chat.dialog, 'list', { type: 2, sort_asc: 'created_at' });
    // The library adds a time to those that are numbers, and these are not.
    assert.deepEqual(items[0], made[0]);
    assert.ok(!Number.isNaN(Date.parse(items[0].created_at)));
    const dialog = await call(QB.chat.dialog, 'create', { type: 1, name: 'Timely' });
    assert.equal(await call(QB.chat.dialog, 'delete', dialog._id, { force: 1 }), '');
    init({ addISOTime: false });
  });
});

describe('deleting', () => {
  test('one, for oneself and for everyone', async () => {
    const { _id } = await group();
    await asUser(friend);
    assert.equal(await call(QB.chat.dialog, 'delete', _id), '');
    await refused(403, deleted(call(QB.chat.dialog, 'delete', _id, { force: 1 })));
    await asUser(owner);
    const { items } = await call(QB.chat.dialog, 'list', { _id });
    assert.deepEqual(items[0].occupants_ids, [owner]);
    assert.equal(await call(QB.chat.dialog, 'delete', _id, { force: 1 }), '');
    await refused(404, call(QB.chat.dialog, 'update', _id, { name: 'x' }));
  });

  test('several', async () => {
    const [a, b, foreign] = [await group(), await group(), await group()];
    await call(QB.chat.dialog, 'update', foreign._id, { user_id: friend });
    const missing = '5d75393ba28f9a17e1cb0f9e';
    const answer = await call(QB.chat.dialog, 'delete', [a._id, missing, b._id, foreign._id], { force: 1 });
    assert.deepEqual(JSON.parse(answer), {
      SuccessfullyDeleted: { ids: [a._id, b._id] },
      NotFound: { ids: [missing] },
      WrongPermissions: { ids: [foreign._id] },
    });
  });
});

// deleted makes of an error of a deletion, whose body the library leaves as
// text, what other calls have.
function deleted(promise) {
  return promise.catch((error) => {
    const message = JSON.parse(error.message);
    throw { ...error, message, detail: message.errors };
  });
}

test('account settings are this server’s own', async () => {
  const { api } = QB.service.qbInst.config.endpoints;
  const settings = await call(QB.service, 'ajax', { url: `https://${api}/account_settings.json` });
  assert.equal(settings.api_endpoint, `https://${api}`);
  assert.equal(settings.chat_endpoint, api.replace(/:\d+$/, ''));
  assert.equal(QB.service.qbInst.config.creds.appId, applicationID);
});
