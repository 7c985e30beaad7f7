import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import type { CreateDialogInput } from './gql/graphql.ts';
import { Modal } from './Modal.tsx';
import { createDialog } from './operations.ts';
import { refusalOf } from './refusal.ts';
import { RefusalNote } from './RefusalNote.tsx';
import { useIdempotencyKey } from './useUpdate.ts';
import { userIdsIn } from './words.ts';

type Kind = 'GROUP' | 'PRIVATE';

/** Starts a group, or a private chat: the one that the two users have already, if there is one. */
export function NewDialog({ onCreated }: { onCreated: () => void }) {
  const [kind, setKind] = useState<Kind | null>(null);
  const created = (id: string) => {
    setKind(null);
    onCreated();
    location.hash = `#/dialogs/${id}`;
  };
  return (
    <div className="row even">
      <button type="button" className="primary" onClick={() => setKind('GROUP')}>
        New group
      </button>
      <button type="button" onClick={() => setKind('PRIVATE')}>
        New chat
      </button>
      {kind && (
        <Modal title={kind === 'GROUP' ? 'New group' : 'New private chat'} onClose={() => setKind(null)}>
          <NewDialogForm kind={kind} onCreated={created} onCancel={() => setKind(null)} />
        </Modal>
      )}
    </div>
  );
}

function NewDialogForm({
  kind,
  onCreated,
  onCancel,
}: {
  kind: Kind;
  onCreated: (id: string) => void;
  onCancel: () => void;
}) {
  const [name, setName] = useState('');
  const [people, setPeople] = useState('');
  const [{ error, fetching }, run] = useMutation(createDialog);
  const keyOf = useIdempotencyKey();

  async function create() {
    if (fetching) return;
    const input: CreateDialogInput = { type: kind, occupantIds: userIdsIn(people) };
    if (kind === 'GROUP') input.name = name;
    const { data } = await run({ input: { ...input, idempotencyKey: keyOf(input) } });
    const dialog = data?.createDialog?.dialog;
    if (dialog) onCreated(dialog.id);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void create();
  }

  return (
    <form className="stack" onSubmit={submit} aria-busy={fetching}>
      {kind === 'GROUP' && (
        <label>
          Name
          <input autoFocus required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
      )}
      <label>
        {kind === 'GROUP' ? 'People (optional)' : 'Who do you want to talk to?'}
        <input
          autoFocus={kind === 'PRIVATE'}
          required={kind === 'PRIVATE'}
          autoCapitalize="off"
          spellCheck={false}
          placeholder={kind === 'GROUP' ? 'User ids, for example bob carol' : 'A user id, for example bob'}
          value={people}
          onChange={(event) => setPeople(event.target.value)}
        />
      </label>
      {error && <RefusalNote of={refusalOf(error)} onRetry={create} />}
      <div className="row">
        <button className="primary" aria-disabled={fetching}>
          {kind === 'GROUP' ? 'Create group' : 'Start chat'}
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
