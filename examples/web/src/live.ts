import { createClient } from 'graphql-ws';
import { subscriptionExchange } from 'urql';
import { resuming } from './resume.ts';

/** Subscriptions, on a WebSocket that is there while one is needed and connects again when it is lost. */
export function liveExchange(token: () => string) {
  const live = createClient({
    url: '/graphql', // of the page's own host
    connectionParams: () => ({ 'QB-Token': token() }), // asked again each time: the token may be new
    retryAttempts: Infinity,
    retryWait: (attempts) => new Promise((done) => setTimeout(done, Math.min(1000 * 2 ** attempts, 30_000) * (0.5 + Math.random() / 2))),
    shouldRetry: () => true,
  });
  return subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe(sink) {
        const moving = { ...variables };
        return { unsubscribe: live.subscribe({ query, variables: moving }, resuming(moving, sink as Required<typeof sink>)) };
      },
    }),
  });
}
