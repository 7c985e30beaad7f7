import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { ViewerDocument } from './gql/graphql.js';
import { required, unheardOf, watched } from './server.js';

// This server executes what graphql-codegen has written to
// persisted-documents.json, and nothing else.
const uri = required('TEST_TRUSTING_URL');
const headers = { 'qb-token': required('TEST_TRUSTING_TOKEN') };

/** The hash that graphql-codegen leaves with each document. */
const hashOf = (document: object): string => (document as { __meta__?: { hash: string } }).__meta__?.hash ?? 'none';

test('trusted documents: Apollo Client sends the hash that graphql-codegen wrote', async () => {
  const { fetch, sent } = watched();
  const link = ApolloLink.from([
    new PersistedQueryLink({ generateHash: hashOf }),
    new HttpLink({ uri, headers, fetch }),
  ]);
  const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
  const { data } = await apollo.query({ query: ViewerDocument });
  assert.equal(data?.viewer.userId, 'alice');
  assert.deepEqual(sent, [{ method: 'POST', hasQuery: false }]);
});

test('trusted documents: another document is refused, whatever its hash', async () => {
  const apollo = new ApolloClient({ link: new HttpLink({ uri, headers }), cache: new InMemoryCache() });
  await assert.rejects(apollo.query({ query: unheardOf(ViewerDocument) }), (error: unknown) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.errors[0]?.extensions?.['code'], 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
});

test('trusted documents: documentId, as GraphQL over HTTP has it', async () => {
  const response = await fetch(uri, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ documentId: `sha256:${hashOf(ViewerDocument)}` }),
  });
  const { data } = (await response.json()) as { data: { viewer: { userId: string } } };
  assert.equal(data.viewer.userId, 'alice');
});
