import { createClient } from 'graphql-sse';

export type Answer = { data?: Record<string, unknown> | null; errors?: readonly { message: string }[] };
export type Request = { query: string; variables?: Record<string, unknown>; operationName?: string | undefined };

/** The latest that a page waits, in milliseconds, before it connects again. */
const longestPause = 5000;

/**
 * The events of a subscription, as server-sent events. It connects again when the server was
 * restarted; dialogsChanged and dialogChanged continue where they were. A request that the
 * server refuses ends with the refusal.
 */
export async function* eventsOf(endpoint: string, request: Request, headers: Record<string, string> = {}): AsyncGenerator<Answer> {
  let refusal: Answer | undefined;
  const client = createClient({
    url: endpoint,
    headers,
    retryAttempts: Infinity,
    retry: async (attempts) => {
      if (refusal) throw new Error('refused');
      await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** attempts, longestPause)));
    },
    fetchFn: async (input: string, init: RequestInit) => {
      const response = await fetch(input, init);
      if (response.status >= 400 && response.status < 500) refusal = (await response.clone().json()) as Answer;
      return response;
    },
  });
  const variables = { ...request.variables };
  try {
    for await (const result of client.iterate({ ...request, variables } as Parameters<typeof client.iterate>[0])) {
      moveAlong(request.query, variables, result);
      yield result;
    }
  } catch (error) {
    if (!refusal) throw error;
    yield refusal;
  } finally {
    client.dispose();
  }
}

type Live = {
  dialogsChanged?: { cursor?: string };
  dialogChanged?: { change?: { version?: number } };
};

/** Makes the next connection continue after this event, if the operation has a variable for that. */
function moveAlong(query: string, variables: Record<string, unknown>, { data }: Answer) {
  const { dialogsChanged, dialogChanged } = (data ?? {}) as Live;
  if (/\$after\b/.test(query) && dialogsChanged?.cursor) variables['after'] = dialogsChanged.cursor;
  if (/\$sinceVersion\b/.test(query) && dialogChanged?.change?.version) variables['sinceVersion'] = dialogChanged.change.version;
}
