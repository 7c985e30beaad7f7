import type { Fetcher } from '@graphiql/toolkit';
import { parse, type DocumentNode } from 'graphql';
import { type Answer, eventsOf } from './events';

/**
 * Sends operations to the endpoint, on the page's own host. What the server
 * says when it does not show its schema goes to onHiddenSchema too.
 */
export function fetcherOf(endpoint: string, onHiddenSchema: (refusal: string) => void): Fetcher {
  return async ({ query, variables, operationName }, options) => {
    const request = { query, variables, operationName: nameIn(query, operationName) };
    if (isSubscription(request)) return eventsOf(endpoint, request, options?.headers);
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/graphql-response+json, application/json;q=0.9',
        ...options?.headers,
      },
      body: JSON.stringify(request),
    });
    const answer = (await response.json()) as Answer;
    if (operationName === 'IntrospectionQuery') onHiddenSchema((!answer.data && answer.errors?.[0]?.message) || '');
    return answer;
  };
}

/** Whether the operation of that name, or the only one, is a subscription. */
function isSubscription({ query, operationName }: { query: string; operationName: string | undefined }): boolean {
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch {
    return false; // the server says what is wrong with the query
  }
  return document.definitions.some(
    (d) => d.kind === 'OperationDefinition' && d.operation === 'subscription' && (!operationName || d.name?.value === operationName),
  );
}

/**
 * The name if the query has such an operation. GraphiQL learns the name a
 * moment after its editor changes, so that right after a change of tab it still
 * has the other tab's.
 */
function nameIn(query: string, operationName: string | null | undefined): string | undefined {
  try {
    const names = parse(query).definitions.map((d) => (d.kind === 'OperationDefinition' ? d.name?.value : undefined));
    return operationName && names.includes(operationName) ? operationName : undefined;
  } catch {
    return operationName ?? undefined; // the server says what is wrong with the query
  }
}
