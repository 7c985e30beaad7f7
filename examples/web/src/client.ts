import { cacheExchange, Client, fetchExchange, mapExchange } from 'urql';
import { liveExchange } from './live.ts';
import { refusalOf } from './refusal.ts';

/** A client that calls as the user whose session token it is given. */
export function connect(token: () => string, onExpired?: () => void): Client {
  return new Client({
    url: '/graphql',
    fetch: fetchInTime,
    fetchOptions: () => ({ headers: { 'QB-Token': token() } }),
    exchanges: [
      mapExchange({
        onError(error) {
          if (refusalOf(error).code === 'UNAUTHENTICATED') onExpired?.();
        },
      }),
      cacheExchange,
      fetchExchange,
      liveExchange(token),
    ],
  });
}

/** After this many milliseconds without an answer, a request counts as lost. */
const longestWait = 20_000;

const fetchInTime: typeof fetch = (url, options) => {
  const signals = [AbortSignal.timeout(longestWait)];
  if (options?.signal) signals.push(options.signal);
  return fetch(url, { ...options, signal: AbortSignal.any(signals) });
};

/**
 * Tells the cache to read a query again after every successful mutation of
 * dialogs: a list may be empty now, and the answer to leaving has no dialog
 * that would show what it was about.
 */
export const aboutDialogs = {
  additionalTypenames: ['CreateDialogPayload', 'UpdateDialogPayload', 'DeleteDialogPayload'],
};
