import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { aboutDialogs } from './client.ts';
import type { ListDialogsQuery, ListDialogsQueryVariables } from './gql/graphql.ts';
import { createGroup, listDialogs } from './operations.ts';
import { RefusalNote } from './RefusalNote.tsx';

const pageSize = 8;
const firstPage: ListDialogsQueryVariables = { first: pageSize };

type ListedDialog = NonNullable<ListDialogsQuery['dialogs']>['nodes'][number];

/** The user's dialogs, the latest change first, a page at a time. */
export function DialogList({ me, open }: { me: string; open: string | null }) {
  const [page, setPage] = useState(firstPage);
  const [{ data, error, fetching }] = useQuery({ query: listDialogs, variables: page, context: aboutDialogs });
  const dialogs = data?.dialogs;
  return (
    <nav aria-label="Your dialogs" aria-busy={fetching}>
      <NewGroup onCreated={() => setPage(firstPage)} />
      {error && <RefusalNote of={error} />}
      <ul className="list">
        {dialogs?.nodes.map((dialog) => (
          <li key={dialog.id}>
            <a href={`#/dialogs/${dialog.id}`} aria-current={dialog.id === open ? 'page' : undefined}>
              <span className="title">{titleOf(dialog, me)}</span>
              <span className="detail">
                {detailOf(dialog)} · <time dateTime={dialog.updatedAt}>{shortDate(dialog.updatedAt)}</time>
              </span>
            </a>
          </li>
        ))}
      </ul>
      {dialogs?.totalCount === 0 && <p className="empty">No dialogs yet.</p>}
      {dialogs && dialogs.totalCount > 0 && (
        <div className="pager">
          <button
            type="button"
            disabled={!dialogs.pageInfo.hasPreviousPage}
            onClick={() => setPage({ last: pageSize, before: dialogs.pageInfo.startCursor })}
          >
            Newer
          </button>
          <span>{dialogs.totalCount} in all</span>
          <button
            type="button"
            disabled={!dialogs.pageInfo.hasNextPage}
            onClick={() => setPage({ first: pageSize, after: dialogs.pageInfo.endCursor })}
          >
            Older
          </button>
        </div>
      )}
    </nav>
  );
}

function NewGroup({ onCreated }: { onCreated: () => void }) {
  const [name, setName] = useState('');
  // The same key until it is answered: asking twice makes one group.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [{ error, fetching }, run] = useMutation(createGroup);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const { data } = await run({ name, key }, aboutDialogs);
    const made = data?.createDialog?.dialog;
    if (!made) return;
    setName('');
    setKey(crypto.randomUUID());
    onCreated();
    location.hash = `#/dialogs/${made.id}`;
  }
  return (
    <form className="row" onSubmit={submit}>
      <input
        aria-label="Name of a new group"
        placeholder="New group"
        required
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button className="primary" disabled={fetching}>
        Create
      </button>
      {error && <RefusalNote of={error} />}
    </form>
  );
}

/** A private dialog has no name: it is called after the other of the two. */
export function titleOf(dialog: Pick<ListedDialog, 'name' | 'occupants'>, me: string): string {
  return dialog.name ?? dialog.occupants.nodes.find(({ userId }) => userId !== me)?.userId ?? 'Nobody else';
}

function detailOf({ type, occupantCount }: ListedDialog): string {
  switch (type) {
    case 'PUBLIC_GROUP':
      return 'public group';
    case 'GROUP':
      return occupantCount === 1 ? 'only you' : `${occupantCount} people`;
    case 'PRIVATE':
      return 'private';
  }
}

const shortDate = (instant: string): string =>
  new Date(instant).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
