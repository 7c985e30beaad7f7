import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { aboutDialogs } from './client.ts';
import { CustomDataForm } from './CustomDataForm.tsx';
import { titleOf } from './DialogList.tsx';
import type { DialogDetailsFragment } from './gql/graphql.ts';
import { openDialog, updateDialog } from './operations.ts';
import { People } from './People.tsx';
import { RefusalNote } from './RefusalNote.tsx';

/** One dialog, with the buttons that the server's viewerCan fields allow. */
export function DialogPage({ id, me }: { id: string; me: string }) {
  const [{ data, error }, reload] = useQuery({
    query: openDialog,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });
  const dialog = data?.dialog;
  const refresh = () => reload({ requestPolicy: 'network-only' });
  if (error) return <RefusalNote of={error} />;
  if (!dialog)
    return (
      <p className="empty" aria-busy="true">
        Opening…
      </p>
    );
  return (
    <article className="card">
      <title>{`${titleOf(dialog, me)} – Dialogs`}</title>
      <Title dialog={dialog} me={me} onRefused={refresh} />
      {dialog.type !== 'PUBLIC_GROUP' && <People dialog={dialog} me={me} onRefused={refresh} />}
      {data.customClasses?.map(({ name, fields }) => (
        <CustomDataForm key={name} dialog={dialog} className={name} fields={fields} onReload={refresh} />
      ))}
      <History dialog={dialog} />
    </article>
  );
}

export interface PartProps {
  dialog: DialogDetailsFragment;
  me: string;
  /** A refusal says that the page shows what is no longer so: read the dialog anew. */
  onRefused: () => void;
}

function Title({ dialog, me, onRefused }: PartProps) {
  // What is being typed; null while nothing is.
  const [draft, setDraft] = useState<string | null>(null);
  // Where the focus goes back to, once there was a form.
  const [renamed, setRenamed] = useState(false);
  const [{ error, fetching }, run] = useMutation(updateDialog);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const { data } = await run({ id: dialog.id, input: { name: draft } }, aboutDialogs);
    if (data?.updateDialog) setDraft(null);
    else onRefused();
  }
  return (
    <header>
      {draft === null ? (
        <div className="row">
          <h1>{titleOf(dialog, me)}</h1>
          {dialog.viewerCanRename && (
            <button
              type="button"
              autoFocus={renamed}
              onClick={() => {
                setRenamed(true);
                setDraft(dialog.name ?? '');
              }}
            >
              Rename
            </button>
          )}
        </div>
      ) : (
        <form className="row" onSubmit={submit}>
          <input
            aria-label="New name"
            autoFocus
            required
            value={draft}
            onChange={(event) => setDraft(event.target.value)}
            onKeyDown={(event) => event.key === 'Escape' && setDraft(null)}
          />
          <button className="primary" disabled={fetching}>
            Save name
          </button>
          <button type="button" onClick={() => setDraft(null)}>
            Cancel
          </button>
        </form>
      )}
      <p className="detail">
        You are {article(dialog.viewerStanding.toLowerCase())} · version {dialog.version}
      </p>
      {error && draft !== null && <RefusalNote of={error} />}
    </header>
  );
}

const article = (standing: string): string => `${standing === 'owner' ? 'the' : 'an'} ${standing}`;

function History({ dialog }: { dialog: DialogDetailsFragment }) {
  return (
    <section aria-labelledby="history">
      <h2 id="history">Latest changes</h2>
      <ol className="history">
        {dialog.history.map(({ version, kind, at, changed, actor }) => (
          <li key={version}>
            <span>{version}</span>
            <span>
              {actor.userId ?? 'the server'}: {kind === 'CREATED' ? 'created it' : changed.map(inWords).join(', ')}
            </span>
            <time dateTime={at}>{new Date(at).toLocaleTimeString()}</time>
          </li>
        ))}
      </ol>
    </section>
  );
}

const inWords = (aspect: string): string => aspect.toLowerCase().replace('_', ' ');
