import { useState } from 'react';
import { useQuery } from 'urql';
import { aboutDialogs } from './client.ts';
import type { ChangeFragment } from './gql/graphql.ts';
import { Moment } from './Moment.tsx';
import { wholeHistory } from './operations.ts';
import { refusalOf } from './refusal.ts';
import { RefusalNote } from './RefusalNote.tsx';
import type { PartProps } from './useUpdate.ts';
import { listed } from './words.ts';

/** The latest changes, and all that are kept when they are asked for. */
export function History({ dialog, me }: PartProps) {
  const [whole, setWhole] = useState(false);
  const [{ data, error }, reload] = useQuery({
    query: wholeHistory,
    variables: { id: dialog.id },
    pause: !whole,
    context: aboutDialogs,
  });
  const changes = (whole && data?.dialog?.history) || dialog.history;
  const hasOlder = (changes.at(-1)?.version ?? 1) > 1;
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history">What happened</h2>
      <ol className="history">
        {changes.map((change) => (
          <li key={change.version}>
            <span>{storyOf(change, me)}</span>
            <Moment at={change.at} long />
          </li>
        ))}
      </ol>
      {whole && error && <RefusalNote of={refusalOf(error)} onRetry={reload} />}
      {hasOlder && !whole && (
        <button type="button" className="quiet" onClick={() => setWhole(true)}>
          Show earlier changes
        </button>
      )}
      {hasOlder && whole && data && <p className="detail">Earlier changes are no longer kept.</p>}
    </section>
  );
}

/** One change in a sentence: who did what. */
function storyOf(change: ChangeFragment, me: string): string {
  const actor = change.actor.userId ?? null;
  const who = actor === null ? 'Your application' : actor === me ? 'You' : actor;
  return `${who} ${listed(deedsOf(change, actor, (userId) => (userId === me ? 'you' : userId)))}`;
}

function deedsOf(change: ChangeFragment, actor: string | null, named: (userId: string) => string): string[] {
  if (change.kind === 'CREATED') return ['started it'];
  const { changed, newOwnerId, addedOccupantIds, removedOccupantIds, removedAdminIds } = change;
  const names = (userIds: string[]) => listed(userIds.map(named));
  const removed = removedOccupantIds.filter((userId) => userId !== actor);
  // Somebody who leaves or becomes the owner is no longer an admin: that goes without saying.
  const dismissed = removedAdminIds.filter((userId) => !removedOccupantIds.includes(userId) && userId !== newOwnerId);
  const deeds: (string | false | null | undefined)[] = [
    change.name && `renamed it to “${change.name}”`,
    changed.includes('PHOTO') && 'changed the photo',
    addedOccupantIds.length > 0 && `added ${names(addedOccupantIds)}`,
    removed.length > 0 && `removed ${names(removed)}`,
    actor !== null && removedOccupantIds.includes(actor) && 'left',
    change.addedAdminIds.length === 1 && `made ${names(change.addedAdminIds)} an admin`,
    change.addedAdminIds.length > 1 && `made ${names(change.addedAdminIds)} admins`,
    dismissed.length > 0 && (dismissed[0] === actor ? 'stepped down as admin' : `removed ${names(dismissed)} as admin`),
    newOwnerId && `made ${named(newOwnerId)} the owner`,
    changed.includes('CUSTOM_DATA') && 'changed its data',
  ];
  return deeds.filter((deed) => typeof deed === 'string');
}
