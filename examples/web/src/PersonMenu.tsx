import { useId, useRef, useState } from 'react';
import type { Occupant, UpdateDialogInput } from './gql/graphql.ts';
import { HandOver } from './HandOver.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';

type Person = Pick<Occupant, 'userId' | 'standing' | 'viewerCanRemove' | 'viewerCanChangeAdmin'>;

/** What the user may do about somebody else; nothing when the server allows nothing. */
export function PersonMenu({ person, ...props }: PartProps & { person: Person }) {
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  const [handingOver, setHandingOver] = useState(false);
  const { update, busy, failure } = useUpdate(props);
  const { userId, standing } = person;
  const isAdmin = standing === 'ADMIN';
  const canOwn = props.dialog.viewerCanTransfer && standing !== 'OWNER';

  /** Closing the menu first gives the focus back to its button. */
  function choose(act: () => void) {
    menu.current?.hidePopover();
    act();
  }
  const change = (input: UpdateDialogInput) => choose(() => void update(input));

  return (
    <>
      {(person.viewerCanChangeAdmin || person.viewerCanRemove || canOwn) && (
        <button type="button" className="quiet more" popoverTarget={id} aria-label={`Manage ${userId}`} aria-busy={busy}>
          ⋯
        </button>
      )}
      <div
        id={id}
        ref={menu}
        popover="auto"
        className="menu"
        onToggle={({ newState }) => newState === 'open' && menu.current?.querySelector('button')?.focus()}
      >
        {person.viewerCanChangeAdmin && (
          <button
            type="button"
            onClick={() => change(isAdmin ? { removeAdmins: [userId] } : { addAdmins: [userId] })}
          >
            {isAdmin ? 'Remove as admin' : 'Make admin'}
          </button>
        )}
        {canOwn && (
          <button type="button" onClick={() => choose(() => setHandingOver(true))}>
            Make owner…
          </button>
        )}
        {person.viewerCanRemove && (
          <button type="button" className="danger" onClick={() => change({ removeOccupants: [userId] })}>
            Remove
          </button>
        )}
      </div>
      {handingOver && <HandOver {...props} to={userId} onClose={() => setHandingOver(false)} />}
      {failure && <RefusalNote of={failure.refusal} onRetry={failure.retry} />}
    </>
  );
}
