import { Modal } from './Modal.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';
import { titleOf } from './words.ts';

/** Asks before the user makes somebody else the owner: only that person could undo it. */
export function HandOver({ to, onClose, ...props }: PartProps & { to: string; onClose: () => void }) {
  const { update, busy, failure } = useUpdate(props);
  const handOver = () => void update({ newOwnerId: to }, onClose);
  return (
    <Modal title={`Make ${to} the owner?`} onClose={onClose}>
      <p>
        {to} will decide who the admins of “{titleOf(props.dialog, props.me)}” are, and can delete it. You can’t take this
        back: only {to} can make you the owner again.
        {props.dialog.type === 'GROUP' && ' You stay a member.'}
      </p>
      {failure && <RefusalNote of={failure.refusal} onRetry={failure.retry} />}
      <div className="row">
        <button type="button" className="primary" aria-disabled={busy} onClick={handOver}>
          Make {to} the owner
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Modal>
  );
}
