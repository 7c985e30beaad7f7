import { cacheExchange, Client, fetchExchange, mapExchange } from 'urql';
import { refusalOf } from './refusal.ts';

/** A client that calls as the user whose session token it has. */
export function connect(token: string, onTokenRefused: () => void): Client {
  return new Client({
    url: '/graphql',
    fetchOptions: { headers: { 'QB-Token': token } },
    exchanges: [
      mapExchange({
        onError(error) {
          if (refusalOf(error).code === 'UNAUTHENTICATED') onTokenRefused();
        },
      }),
      cacheExchange,
      fetchExchange,
    ],
  });
}

/**
 * Says of a list that dialogs will come into it, and of a change that it may
 * take one out: the cache can't tell from an answer in which there is none.
 */
export const aboutDialogs = { additionalTypenames: ['Dialog'] };
