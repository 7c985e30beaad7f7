import { useState } from 'react';
import type { UpdateDialogInput } from './gql/graphql.ts';
import { Modal } from './Modal.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';
import { titleOf } from './words.ts';

/** Asks before leaving, and says what follows from it: for the last member, that the group is deleted. */
export function Leave({ onClose, ...props }: PartProps & { onClose: () => void }) {
  const { dialog, me } = props;
  const { update, busy, failure } = useUpdate(props);
  const [chosen, setChosen] = useState('');
  const title = titleOf(dialog, me);
  const isLast = dialog.occupantCount === 1;
  const others = dialog.occupants.nodes.map(({ userId }) => userId).filter((userId) => userId !== me);
  // Without a choice, the same person that the server would take: the longest-standing admin, else the longest-standing member.
  const heir = others.includes(chosen) ? chosen : (dialog.adminIds[0] ?? others[0]);
  const handsOver = dialog.viewerStanding === 'OWNER' && !isLast;

  function leave() {
    // Only at the version that the page shows: when the others have left
    // meanwhile, leaving would delete the group without having asked.
    const input: UpdateDialogInput = { removeOccupants: [me], ifVersion: dialog.version };
    if (handsOver && heir) input.newOwnerId = heir;
    void update(input, onClose);
  }

  return (
    <Modal title={isLast ? `Leave and delete “${title}”?` : `Leave “${title}”?`} onClose={onClose}>
      {isLast ? (
        <p>
          You are the last one here. When you leave, the group is deleted with everything in it, and nobody can bring it
          back.
        </p>
      ) : (
        <p>You won’t see this group any more, unless someone adds you again.</p>
      )}
      {handsOver && (
        <label>
          Who takes over as the owner?
          <select value={heir} onChange={(event) => setChosen(event.target.value)}>
            {others.map((userId) => (
              <option key={userId}>{userId}</option>
            ))}
          </select>
        </label>
      )}
      {failure && <RefusalNote of={failure.refusal} onRetry={failure.retry} />}
      <div className="row">
        <button type="button" className={isLast ? 'danger solid' : 'primary'} aria-disabled={busy} onClick={leave}>
          {isLast ? 'Leave and delete' : 'Leave'}
        </button>
        <button type="button" data-safe onClick={onClose}>
          Stay
        </button>
      </div>
    </Modal>
  );
}
