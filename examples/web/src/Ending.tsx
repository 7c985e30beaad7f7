import { useState } from 'react';
import { useMutation } from 'urql';
import { Modal } from './Modal.tsx';
import { deleteDialog } from './operations.ts';
import { refusalOf } from './refusal.ts';
import { RefusalNote } from './RefusalNote.tsx';
import type { PartProps } from './useUpdate.ts';
import { kindOf, titleOf } from './words.ts';

/** Deletes the dialog for everyone, for those who may. */
export function Ending(props: PartProps) {
  const [asking, setAsking] = useState(false);
  if (!props.dialog.viewerCanDelete) return null;
  const kind = kindOf(props.dialog.type);
  return (
    <section className="ending">
      <button type="button" className="danger quiet" onClick={() => setAsking(true)}>
        Delete this {kind}…
      </button>
      {asking && <Delete {...props} onClose={() => setAsking(false)} />}
    </section>
  );
}

function Delete({ dialog, me, onChanged, onClose }: PartProps & { onClose: () => void }) {
  const [{ error, fetching }, run] = useMutation(deleteDialog);
  const refusal = error && refusalOf(error);

  async function submit() {
    if (fetching) return;
    const { data, error: failed } = await run({ id: dialog.id });
    // Not found is what was wanted: only the answer of the first attempt was lost, or somebody else deleted it.
    if (data?.deleteDialog || refusalOf(failed).code === 'NOT_FOUND') {
      onClose();
      onChanged(null);
    }
  }

  return (
    <Modal title={`Delete “${titleOf(dialog, me)}”?`} onClose={onClose}>
      <p>
        {dialog.type === 'PRIVATE' ? 'It disappears for both of you' : 'It disappears for everyone'}, with its history and
        its data. Nobody can bring it back.
      </p>
      {refusal && refusal.code !== 'NOT_FOUND' && <RefusalNote of={refusal} onRetry={submit} />}
      <div className="row">
        <button type="button" className="danger solid" aria-disabled={fetching} onClick={submit}>
          Delete
        </button>
        <button type="button" data-safe onClick={onClose}>
          Keep it
        </button>
      </div>
    </Modal>
  );
}
