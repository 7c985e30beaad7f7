import { useEffect, useRef } from 'react';
import { useClient } from 'urql';
import { changedDialogs, currentPosition } from './operations.ts';

/** How long to wait, in milliseconds, before trying again what has failed. */
const pause = 3000;

/**
 * Calls when a dialog has changed, with its id, or with null when any may have: when the
 * page starts to listen, and when it was offline for longer than the server keeps changes.
 */
export function useLive(onChange: (dialogId: string | null) => void) {
  const client = useClient();
  const changed = useRef(onChange);
  changed.current = onChange;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop = () => {};
    let left = false;
    const again = () => {
      stop();
      clearTimeout(timer);
      if (!left) timer = setTimeout(start, pause);
    };
    async function start() {
      // First the position, then everything is read, then what has changed since the position.
      const { data } = await client.query(currentPosition, {}, { requestPolicy: 'network-only' });
      if (left) return;
      if (!data?.dialogChanges) return again();
      changed.current(null);
      const events = client.subscription(changedDialogs, { after: data.dialogChanges.cursor });
      ({ unsubscribe: stop } = events.subscribe(({ data, error, hasNext }) => {
        if (data && !error) changed.current(data.dialogsChanged.dialogId);
        if (error || !hasNext) again();
      }));
    }
    void start();
    return () => {
      left = true;
      clearTimeout(timer);
      stop();
    };
  }, [client]);
}
