/** The fields from which dialogsChanged and dialogChanged resume. Operations need to select them. */
interface Live {
  dialogsChanged?: { cursor?: string | null } | null;
  dialogChanged?: { change?: { version: number } | null } | null;
}

/**
 * Updates the variables of a subscription, `after` or `sinceVersion`, with each
 * event. graphql-ws and graphql-sse send this object again whenever they reconnect.
 */
export function resuming<S extends { next(result: any): void }>(variables: Record<string, unknown>, sink: S) {
  return {
    ...sink,
    next(result: { data?: Live | null }) {
      sink.next(result); // if this fails, the event comes again
      const { dialogsChanged, dialogChanged } = result.data ?? {};
      if (dialogsChanged?.cursor) variables['after'] = dialogsChanged.cursor;
      if (dialogChanged?.change) variables['sinceVersion'] = dialogChanged.change.version;
    },
  };
}
