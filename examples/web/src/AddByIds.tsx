import { type FormEvent, useState } from 'react';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';
import { userIdsIn } from './words.ts';

type Props = PartProps & { list: 'addOccupants' | 'addAdmins'; label: string; placeholder: string };

/** Adds users to one of the dialog's lists, by their ids. */
export function AddByIds({ list, label, placeholder, ...props }: Props) {
  const [typed, setTyped] = useState('');
  const { update, busy, failure } = useUpdate(props);

  function submit(event: FormEvent) {
    event.preventDefault();
    void update({ [list]: userIdsIn(typed) }, () => setTyped(''));
  }

  return (
    <form className="stack tight" onSubmit={submit} aria-busy={busy}>
      <div className="row">
        <input
          aria-label={label}
          placeholder={placeholder}
          autoCapitalize="off"
          spellCheck={false}
          required
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button aria-disabled={busy}>Add</button>
      </div>
      {failure && <RefusalNote of={failure.refusal} onRetry={failure.retry} />}
    </form>
  );
}
