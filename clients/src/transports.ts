import { createClient as createSSE } from 'graphql-sse';
import { createClient as createWS } from 'graphql-ws';
import WebSocket from 'ws';

// Browsers have it, and Node.js since version 22; Apollo Client's link looks for it.
globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;

export interface Request {
  query: string;
  variables?: Record<string, unknown> | null;
}

export interface Sink {
  next(result: any): void;
  error(error: unknown): void;
  complete(): void;
}

/** What npm graphql-ws and graphql-sse have in common. */
export interface Transport {
  name: string;
  subscribe(request: Request, sink: Sink): () => void;
  dispose(): void;
  /** How its connections ended: WebSockets by code. */
  ends: unknown[];
}

type Token = () => string;

// Both wait for seconds before they connect again; a test has no time for that.
const soon = () => new Promise<void>((done) => setTimeout(done, 50));

export function overWebSockets(port: number, token: Token): Transport {
  const ends: unknown[] = [];
  const client = createWS({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ 'QB-Token': token() }),
    retryAttempts: Infinity,
    shouldRetry: () => true, // also after a connection that broke with an error
    retryWait: soon,
    on: { closed: (event) => ends.push((event as CloseEvent).code) },
  });
  return { name: 'graphql-ws', subscribe: client.subscribe as Transport['subscribe'], dispose: () => void client.dispose(), ends };
}

export function overEventStreams(port: number, token: Token): Transport {
  const ends: unknown[] = [];
  const client = createSSE({
    url: `http://127.0.0.1:${port}/graphql`,
    headers: () => ({ 'QB-Token': token() }),
    retryAttempts: Infinity,
    retry: soon,
    on: { connecting: (again) => again && ends.push('cut off') },
  });
  return { name: 'graphql-sse', subscribe: client.subscribe as Transport['subscribe'], dispose: () => client.dispose(), ends };
}

/**
 * Subscriptions on a connection of their own. Libraries unsubscribe from a query when they
 * have its result; if its `complete` is on its way then, graphql-ws 6.4 counts one operation
 * too few, and takes its next lost connection for one that nobody needs.
 */
export function apart(operations: Transport, subscriptions: Transport): Transport {
  return {
    ...subscriptions,
    subscribe: (request, sink) => (/^\s*subscription\b/.test(request.query) ? subscriptions : operations).subscribe(request, sink),
    dispose() {
      operations.dispose();
      subscriptions.dispose();
    },
  };
}

/** The only result of a query or mutation. */
export function once(transport: Transport, request: Request): Promise<any> {
  return new Promise((done, failed) => {
    let result: unknown;
    transport.subscribe(request, { next: (value) => (result = value), error: failed, complete: () => done(result) });
  });
}
