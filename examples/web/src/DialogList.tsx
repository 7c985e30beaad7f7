import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { Avatar } from './Avatar.tsx';
import { aboutDialogs } from './client.ts';
import type { ListDialogsQuery, ListDialogsQueryVariables } from './gql/graphql.ts';
import { Moment } from './Moment.tsx';
import { NewDialog } from './NewDialog.tsx';
import { listDialogs } from './operations.ts';
import { OutdatedNote } from './OutdatedNote.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { useKept } from './useKept.ts';
import { kindOf, titleOf } from './words.ts';

const pageSize = 8;
const firstPage: ListDialogsQueryVariables = { first: pageSize };

type ListedDialog = NonNullable<ListDialogsQuery['dialogs']>['nodes'][number];

/** The user's dialogs, the latest change first, a page at a time. */
export function DialogList({ me, open, changes }: { me: string; open: string | null; changes: number }) {
  const [search, setSearch] = useState('');
  const sought = useSettled(search.trim());
  const [page, setPage] = useState(firstPage);
  const filter = sought === '' ? null : { nameContains: sought };
  const [state, reload] = useQuery({ query: listDialogs, variables: { ...page, filter }, context: aboutDialogs });
  const { data, refusal } = useKept(state);
  const dialogs = data?.dialogs;
  const refresh = () => reload({ requestPolicy: 'network-only' });
  // Others change dialogs too: the list is read again whenever one has changed, and whenever the user moves on.
  useEffect(refresh, [open, changes]);
  return (
    <nav aria-labelledby="conversations" aria-busy={state.fetching}>
      <h2 id="conversations">Conversations</h2>
      <NewDialog onCreated={() => setPage(firstPage)} />
      <input
        type="search"
        aria-label="Search groups by name"
        placeholder="Search groups by name"
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setPage(firstPage);
        }}
      />
      {refusal && (dialogs ? <OutdatedNote onRetry={refresh} /> : <RefusalNote of={refusal} onRetry={refresh} />)}
      <ul className="list">
        {dialogs?.nodes.map((dialog) => (
          <li key={dialog.id}>
            <a href={`#/dialogs/${dialog.id}`} aria-current={dialog.id === open ? 'page' : undefined}>
              <Avatar of={titleOf(dialog, me)} group={dialog.type !== 'PRIVATE'} />
              <span className="title">{titleOf(dialog, me)}</span>
              <span className="detail">{detailOf(dialog)}</span>
              <Moment at={dialog.updatedAt} />
            </a>
          </li>
        ))}
      </ul>
      {dialogs?.totalCount === 0 && (
        <p className="empty">{sought === '' ? 'No conversations yet. Start one above.' : `No group matches “${sought}”.`}</p>
      )}
      {dialogs && (dialogs.pageInfo.hasNextPage || dialogs.pageInfo.hasPreviousPage) && (
        <div className="pager">
          <Turn
            to={dialogs.pageInfo.hasPreviousPage && { last: pageSize, before: dialogs.pageInfo.startCursor }}
            onTurn={setPage}
          >
            ‹ Newer
          </Turn>
          <span>{dialogs.totalCount} in all</span>
          <Turn
            to={dialogs.pageInfo.hasNextPage && { first: pageSize, after: dialogs.pageInfo.endCursor }}
            onTurn={setPage}
          >
            Older ›
          </Turn>
        </div>
      )}
    </nav>
  );
}

/** Turns to another page. On the last one it does nothing, and keeps the focus as a disabled button would not. */
function Turn({
  to,
  onTurn,
  children,
}: {
  to: ListDialogsQueryVariables | false;
  onTurn: (page: ListDialogsQueryVariables) => void;
  children: string;
}) {
  return (
    <button type="button" aria-disabled={to === false} onClick={() => to && onTurn(to)}>
      {children}
    </button>
  );
}

function detailOf({ type, occupantCount }: ListedDialog): string {
  if (type !== 'GROUP') return kindOf(type);
  return occupantCount === 1 ? 'only you' : `${occupantCount} people`;
}

/** What somebody is typing, once they pause. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
