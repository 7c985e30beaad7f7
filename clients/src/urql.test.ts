import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { cacheExchange, Client, type CombinedError, fetchExchange, type OperationResult } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { create, defineClass, dialog, page, two, update, viewer } from './operations.js';
import { as, group, send, somebody, unheardOf, url, watched } from './server.js';

function client(headers: Record<string, string>): Client {
  return new Client({ url, exchanges: [cacheExchange, fetchExchange], fetchOptions: { headers } });
}

const clientOf = async (user: string): Promise<Client> => client(await as(user));

/** The only GraphQL error of a result. */
function refused(result: OperationResult): CombinedError['graphQLErrors'][number] {
  assert.equal(result.error?.networkError, undefined);
  assert.equal(result.error?.graphQLErrors.length, 1);
  return result.error!.graphQLErrors[0]!;
}

test('urql: queries go by GET when they have a credential', async () => {
  const { fetch, sent } = watched();
  const alice = somebody('alice');
  const urql = new Client({ url, fetch, exchanges: [fetchExchange], fetchOptions: { headers: await as(alice) } });
  const { data } = await urql.query(viewer, {});
  assert.deepEqual(data?.viewer.userId, alice);
  assert.deepEqual(sent, [{ method: 'GET', hasQuery: true }]);
});

test('urql: an anonymous query by GET says that no page may send it unasked', async () => {
  const { data } = await client({ 'graphql-require-preflight': '1' }).query(viewer, {});
  assert.equal(data?.viewer.kind, 'ANONYMOUS');
});

test("urql: a mutation's answer", async () => {
  const alice = somebody('alice');
  const urql = await clientOf(alice);
  await send(defineClass, { input: { name: 'Order', fields: [{ name: 'paid', type: 'BOOLEAN' }] } });
  const made = await urql.mutation(create, { input: { type: 'GROUP', name: 'Lunch' } });
  const id = made.data!.createDialog!.dialog!.id;
  assert.equal((await urql.query(dialog, { id })).data?.dialog?.name, 'Lunch');
  const changed = await urql.mutation(update, {
    id,
    input: { name: 'Dinner', addOccupants: ['bob'], customData: [{ className: 'Order', fields: { paid: true } }] },
  });
  assert.deepEqual(changed.data?.updateDialog?.change?.addedOccupantIds, ['bob']);
  // The cache drops what the mutation's answer had the types of.
  const read = await urql.query(dialog, { id });
  assert.equal(read.data?.dialog?.name, 'Dinner');
  assert.deepEqual(read.data.dialog.customData[0]?.fields, { paid: true });
});

test('urql: a refusal explains itself in extensions', async () => {
  const urql = await clientOf(somebody('mallory'));
  const id = await group(somebody('alice'), 'Lunch');
  const denied = refused(await urql.query(dialog, { id }));
  assert.deepEqual(denied.extensions, {
    code: 'FORBIDDEN',
    status: 403,
    rule: 'see',
    standing: 'OUTSIDER',
    allowed: ['OWNER', 'ADMIN', 'OCCUPANT'],
  });
});

test('urql: CONFLICT tells the version that there is', async () => {
  const alice = somebody('alice');
  const urql = await clientOf(alice);
  const id = await group(alice, 'Lunch');
  const conflict = refused(await urql.mutation(update, { id, input: { name: 'Dinner', ifVersion: 7 } }));
  assert.equal(conflict.extensions['code'], 'CONFLICT');
  assert.equal(conflict.extensions['currentVersion'], 1);
});

test("urql: a variable that can't be coerced is the caller's error, not the network's", async () => {
  const urql = await clientOf(somebody('alice'));
  const bad = refused(await urql.query(page, { first: 'many' as unknown as number }));
  assert.equal(bad.extensions['code'], 'BAD_USER_INPUT');
  assert.equal(bad.extensions['field'], 'first');
});

test('urql: a refused field leaves its neighbor alone', async () => {
  const alice = somebody('alice');
  const urql = await clientOf(alice);
  const [first, second] = [await group(alice, 'Mine'), await group(somebody('bob'), 'Not mine')];
  const answer = await urql.query(two, { first, second });
  assert.equal(answer.data?.first?.name, 'Mine');
  assert.equal(answer.data.second, null);
  assert.equal(refused(answer).extensions['code'], 'FORBIDDEN');
});

test('urql: an invalid token is HTTP 401', async () => {
  const { error } = await client({ 'qb-token': 'nonsense' }).query(viewer, {});
  assert.equal((error?.response as Response | undefined)?.status, 401);
  assert.equal(error?.graphQLErrors[0]?.extensions['code'], 'UNAUTHENTICATED');
});

test('urql: cursors read a list to its end', async () => {
  const alice = somebody('alice');
  const names = Array.from({ length: 45 }, (_, i) => `Dialog ${i}`);
  for (const name of names) await group(alice, name);
  const urql = await clientOf(alice);
  const read: (string | null | undefined)[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const { data } = await urql.query(page, { first: 20, after: after ?? null }).toPromise();
    const dialogs = data!.dialogs!;
    read.push(...dialogs.edges.map((edge) => edge.node.name));
    after = dialogs.pageInfo.hasNextPage ? dialogs.pageInfo.endCursor : null;
  }
  assert.deepEqual(read, names);
});

for (const method of ['GET', 'POST'] as const) {
  test(`urql: automatic persisted queries, ${method}`, async () => {
    const { fetch, sent } = watched();
    const urql = new Client({
      url,
      fetch,
      fetchOptions: { headers: await as(somebody('alice')) },
      preferGetMethod: method === 'GET' ? 'within-url-limit' : false,
      requestPolicy: 'network-only',
      exchanges: [
        persistedExchange({
          preferGetForPersistedQueries: method === 'GET' ? 'within-url-limit' : false,
          generateHash: (text) => Promise.resolve(createHash('sha256').update(text).digest('hex')),
        }),
        fetchExchange,
      ],
    });
    const query = unheardOf(viewer);
    for (let i = 0; i < 2; i++) {
      const { data, error } = await urql.query(query, {});
      assert.equal(error, undefined);
      assert.equal(data?.viewer.kind, 'USER');
    }
    assert.deepEqual(
      sent.map((request) => request.hasQuery),
      [false, true, false],
    );
    assert.equal(sent[0]?.method, method);
  });
}
