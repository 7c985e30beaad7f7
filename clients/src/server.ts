import { randomUUID } from 'node:crypto';
import { parse, print } from 'graphql';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { create, session } from './operations.js';

/** The server under test, and an API key of its. */
export const url = required('TEST_URL');
const key = required('TEST_KEY');

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}; the Go test beside this package does`);
  return value;
}

/** What a back end says to be itself. */
export const asServer = { authorization: `ApiKey ${key}` };

/** The id of a user that no other test uses. */
export const somebody = (name: string): string => `${name}-${randomUUID()}`;

/** What a front end says to be that user. */
export async function as(userId: string): Promise<{ 'qb-token': string }> {
  const { createSession } = await send(session, { input: { userId } });
  return { 'qb-token': createSession!.token };
}

/** Makes a group and tells its id. */
export async function group(ownerId: string, name: string, occupantIds: string[] = []): Promise<string> {
  const { createDialog } = await send(create, { input: { type: 'GROUP', ownerId, name, occupantIds } });
  return createDialog!.dialog!.id;
}

/** Sends an operation as a back end, without any client. */
export async function send<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...asServer },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const answer = (await response.json()) as { data: Data; errors?: unknown[] };
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}

/** Sends operations in text with these headers; it returns their data and throws their first error. */
export const asker = (headers: Record<string, string>) => async (query: string, variables: object): Promise<any> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: any; errors?: [{ message: string; extensions: object }] };
  if (errors) throw Object.assign(new Error(errors[0].message), errors[0]);
  return data;
};

/** The same document under a name that the server has not seen yet. */
export function unheardOf<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
): TypedDocumentNode<Data, Variables> {
  const name = `Run_${randomUUID().replaceAll('-', '')}`;
  return parse(print(document).replace(/(?<=^(query|mutation) )\w+/, name));
}

/** A fetch that remembers what was sent. */
export function watched(): { fetch: typeof fetch; sent: Sent[] } {
  const sent: Sent[] = [];
  return {
    sent,
    fetch: (input, init) => {
      const body = typeof init?.body === 'string' ? init.body : undefined;
      const parameters =
        body === undefined
          ? Object.fromEntries(new URL(String(input)).searchParams)
          : (JSON.parse(body) as Record<string, unknown>);
      sent.push({ method: init?.method ?? 'GET', hasQuery: Boolean(parameters['query']) });
      return fetch(input, init);
    },
  };
}

export interface Sent {
  method: string;
  hasQuery: boolean;
}
