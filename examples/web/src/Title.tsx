import { type FormEvent, useState } from 'react';
import { Avatar } from './Avatar.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';
import { kindOf, standingOf, titleOf } from './words.ts';

export function Title(props: PartProps) {
  const { dialog, me } = props;
  // What is being typed; null while nothing is.
  const [draft, setDraft] = useState<string | null>(null);
  const { update, busy, failure, forget } = useUpdate(props);
  const close = () => {
    setDraft(null);
    forget();
  };

  function submit(event: FormEvent) {
    event.preventDefault();
    void update({ name: draft }, close);
  }

  return (
    <header className="card heading">
      <Avatar of={titleOf(dialog, me)} group={dialog.type !== 'PRIVATE'} />
      <div className="stack tight">
        {draft === null ? (
          <div className="row">
            <h1>{titleOf(dialog, me)}</h1>
            {dialog.viewerCanRename && (
              <button type="button" className="quiet" onClick={() => setDraft(dialog.name ?? '')}>
                Rename
              </button>
            )}
          </div>
        ) : (
          <form className="row" onSubmit={submit} aria-busy={busy}>
            <input
              aria-label="New name"
              autoFocus
              required
              value={draft}
              onChange={(event) => setDraft(event.target.value)}
              onKeyDown={(event) => event.key === 'Escape' && close()}
            />
            <button className="primary" aria-disabled={busy}>
              Save name
            </button>
            <button type="button" onClick={close}>
              Cancel
            </button>
          </form>
        )}
        <p className="detail">{describe(props)}</p>
      </div>
      {failure && draft !== null && <RefusalNote of={failure.refusal} onRetry={failure.retry} />}
    </header>
  );
}

function describe({ dialog: { type, occupantCount, viewerStanding } }: PartProps): string {
  const kind = kindOf(type).replace(/^./, (first) => first.toUpperCase());
  if (type === 'PRIVATE') return kind;
  const you = `You are ${standingOf(viewerStanding)}`;
  if (type === 'PUBLIC_GROUP') return `${kind}, open to everyone · ${you}`;
  return `${kind} of ${occupantCount === 1 ? 'one' : occupantCount} · ${you}`;
}
