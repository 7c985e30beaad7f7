import { cacheExchange, Client, fetchExchange, mapExchange } from 'urql';
import { refusalOf } from './refusal.ts';

/** A client that calls as the user whose session token it is given. */
export function connect(token: () => string, onExpired?: () => void): Client {
  return new Client({
    url: '/graphql',
    fetchOptions: () => ({ headers: { 'QB-Token': token() } }),
    exchanges: [
      mapExchange({
        onError(error) {
          if (refusalOf(error).code === 'UNAUTHENTICATED') onExpired?.();
        },
      }),
      cacheExchange,
      fetchExchange,
    ],
  });
}

/**
 * Tells the cache to read a query again after every successful mutation of
 * dialogs: a list may be empty now, and the answer to leaving has no dialog
 * that would show what it was about.
 */
export const aboutDialogs = {
  additionalTypenames: ['CreateDialogPayload', 'UpdateDialogPayload', 'DeleteDialogPayload'],
};
