import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { relayStylePagination } from '@apollo/client/utilities';
import { create, defineClass, dialog, page, two, update, viewer } from './operations.js';
import { as, group, send, somebody, unheardOf, url, watched } from './server.js';

function client(link: ApolloLink): ApolloClient {
  return new ApolloClient({
    link,
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { dialogs: relayStylePagination(['filter', 'orderBy', 'scope']) } } },
    }),
  });
}

const clientOf = async (user: string): Promise<ApolloClient> =>
  client(new HttpLink({ uri: url, headers: await as(user) }));

/** The GraphQL errors that a promise is rejected with. */
async function refused(promise: Promise<unknown>): Promise<CombinedGraphQLErrors['errors'][number]> {
  const error = await promise.then(
    () => assert.fail('the server should have refused this'),
    (reason: unknown) => reason,
  );
  assert.ok(CombinedGraphQLErrors.is(error), String(error));
  assert.equal(error.errors.length, 1);
  return error.errors[0]!;
}

test('Apollo Client: a query without credentials', async () => {
  const { data } = await client(new HttpLink({ uri: url })).query({ query: viewer });
  assert.equal(data?.viewer.kind, 'ANONYMOUS');
});

test("Apollo Client: a mutation's answer updates what a query shows", async () => {
  const alice = somebody('alice');
  const apollo = await clientOf(alice);
  await send(defineClass, { input: { name: 'Order', fields: [{ name: 'paid', type: 'BOOLEAN' }] } });
  const made = await apollo.mutate({ mutation: create, variables: { input: { type: 'GROUP', name: 'Lunch' } } });
  assert.equal(made.data?.createDialog?.created, true);
  const id = made.data.createDialog.dialog!.id;

  const shown: (string | null | undefined)[] = [];
  const watching = apollo.watchQuery({ query: dialog, variables: { id } }).subscribe(({ data }) => {
    if (data?.dialog) shown.push(data.dialog.name);
  });
  await apollo.query({ query: dialog, variables: { id } });
  const changed = await apollo.mutate({
    mutation: update,
    variables: {
      id,
      input: { name: 'Dinner', addOccupants: ['bob'], customData: [{ className: 'Order', fields: { paid: true } }] },
    },
  });
  watching.unsubscribe();
  assert.deepEqual(changed.data?.updateDialog?.change?.changed, ['NAME', 'OCCUPANTS', 'CUSTOM_DATA']);
  assert.deepEqual(changed.data.updateDialog.dialog?.occupantIds, [alice, 'bob']);
  assert.deepEqual(changed.data.updateDialog.dialog.customData[0]?.fields, { paid: true });
  assert.deepEqual(shown, ['Lunch', 'Dinner']);
});

test('Apollo Client: a refusal explains itself in extensions', async () => {
  const apollo = await clientOf(somebody('mallory'));
  const id = await group(somebody('alice'), 'Lunch');
  const denied = await refused(apollo.query({ query: dialog, variables: { id } }));
  assert.deepEqual(denied.path, ['dialog']);
  assert.deepEqual(denied.extensions, {
    code: 'FORBIDDEN',
    status: 403,
    rule: 'see',
    standing: 'OUTSIDER',
    allowed: ['OWNER', 'ADMIN', 'OCCUPANT'],
  });
});

test('Apollo Client: CONFLICT tells the version that there is', async () => {
  const alice = somebody('alice');
  const apollo = await clientOf(alice);
  const id = await group(alice, 'Lunch');
  const variables = { id, input: { name: 'Dinner', ifVersion: 7 } };
  const conflict = await refused(apollo.mutate({ mutation: update, variables }));
  assert.equal(conflict.extensions?.['code'], 'CONFLICT');
  assert.equal(conflict.extensions['currentVersion'], 1);
});

test("Apollo Client: a variable that can't be coerced is the caller's error, not the network's", async () => {
  const apollo = await clientOf(somebody('alice'));
  const variables = { first: 'many' as unknown as number };
  const bad = await refused(apollo.query({ query: page, variables }));
  assert.equal(bad.extensions?.['code'], 'BAD_USER_INPUT');
  assert.equal(bad.extensions['field'], 'first');
});

test('Apollo Client: a refused field leaves its neighbor alone', async () => {
  const alice = somebody('alice');
  const apollo = await clientOf(alice);
  const [first, second] = [await group(alice, 'Mine'), await group(somebody('bob'), 'Not mine')];
  const answer = await apollo.query({ query: two, variables: { first, second }, errorPolicy: 'all' });
  assert.equal(answer.data?.first?.name, 'Mine');
  assert.equal(answer.data.second, null);
  assert.ok(CombinedGraphQLErrors.is(answer.error));
  assert.equal(answer.error.errors[0]?.extensions?.['code'], 'FORBIDDEN');
});

test('Apollo Client: an invalid token has its error code', async () => {
  const apollo = client(new HttpLink({ uri: url, headers: { 'qb-token': 'nonsense' } }));
  await assert.rejects(apollo.query({ query: viewer }), (error: unknown) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.errors[0]?.extensions?.['code'], 'UNAUTHENTICATED');
    assert.equal(error.errors[0].extensions['status'], 401);
    return true;
  });
});

test('Apollo Client: relayStylePagination reads a list to its end', async () => {
  const alice = somebody('alice');
  const names = Array.from({ length: 45 }, (_, i) => `Dialog ${i}`);
  for (const name of names) await group(alice, name);
  const apollo = await clientOf(alice);
  const first = { query: page, variables: { first: 20 } };
  const list = apollo.watchQuery(first);
  const subscription = list.subscribe({});
  let { data } = await apollo.query(first);
  while (data?.dialogs?.pageInfo.hasNextPage) {
    ({ data } = await list.fetchMore({ variables: { after: data.dialogs.pageInfo.endCursor ?? null } }));
  }
  subscription.unsubscribe();
  const all = apollo.readQuery(first)?.dialogs;
  assert.deepEqual(
    all?.edges.map((edge) => edge.node.name),
    names,
  );
  assert.equal(all.totalCount, 45);
});

for (const useGETForHashedQueries of [false, true]) {
  test(`Apollo Client: automatic persisted queries, ${useGETForHashedQueries ? 'GET' : 'POST'}`, async () => {
    const { fetch, sent } = watched();
    const headers = await as(somebody('alice'));
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const apollo = client(
      ApolloLink.from([
        new PersistedQueryLink({ sha256, useGETForHashedQueries }),
        new HttpLink({ uri: url, headers, fetch }),
      ]),
    );
    const query = unheardOf(viewer);
    for (const fetchPolicy of ['network-only', 'network-only'] as const) {
      const { data } = await apollo.query({ query, fetchPolicy });
      assert.equal(data?.viewer.kind, 'USER');
    }
    const hashed = useGETForHashedQueries ? 'GET' : 'POST';
    assert.deepEqual(sent, [
      { method: hashed, hasQuery: false },
      { method: 'POST', hasQuery: true },
      { method: hashed, hasQuery: false },
    ]);
  });
}
