import { useState } from 'react';
import { Leave } from './Leave.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';

/** What users may do about themselves: step down as admin, and leave. */
export function Myself(props: PartProps) {
  const { dialog, me } = props;
  const [leaving, setLeaving] = useState(false);
  const { update, busy, failure } = useUpdate(props);
  return (
    <>
      <span className="row end">
        {dialog.viewerStanding === 'ADMIN' && (
          <button
            type="button"
            className="quiet"
            aria-disabled={busy}
            onClick={() => void update({ removeAdmins: [me] })}
          >
            Step down
          </button>
        )}
        {dialog.viewerCanLeave && (
          <button type="button" className="quiet" aria-label="Leave this group" onClick={() => setLeaving(true)}>
            Leave
          </button>
        )}
      </span>
      {leaving && <Leave {...props} onClose={() => setLeaving(false)} />}
      {failure && <RefusalNote of={failure.refusal} onRetry={failure.retry} />}
    </>
  );
}
