import { useEffect, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { aboutDialogs } from './client.ts';
import { CustomData } from './CustomData.tsx';
import { Ending } from './Ending.tsx';
import type { DialogDetailsFragment } from './gql/graphql.ts';
import { History } from './History.tsx';
import { openDialog } from './operations.ts';
import { OutdatedNote } from './OutdatedNote.tsx';
import { People } from './People.tsx';
import { PublicGroupPeople } from './PublicGroupPeople.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { Title } from './Title.tsx';
import { useKept } from './useKept.ts';
import { titleOf } from './words.ts';

/** One dialog, with the buttons that the server's viewerCan fields allow. */
export function DialogPage({ id, me, changes }: { id: string; me: string; changes: number }) {
  const [state, reload] = useQuery({
    query: openDialog,
    variables: { id },
    requestPolicy: 'cache-and-network',
    context: aboutDialogs,
  });
  const { data, refusal } = useKept(state);
  const [updated, setUpdated] = useState<DialogDetailsFragment | null>(null);
  const refresh = () => reload({ requestPolicy: 'network-only' });
  useEffect(() => {
    if (changes > 0) refresh();
  }, [changes]);
  const heading = useFocusWhereTheListIsHidden();

  function onChanged(dialog: DialogDetailsFragment | null) {
    if (dialog) setUpdated(dialog);
    else location.hash = '#/';
  }

  // An update answers with the dialog: that may be newer than what was read.
  const read = data?.dialog;
  const dialog = read && updated && updated.version > read.version ? updated : read;
  const part = dialog && { dialog, me, onChanged, onOutdated: refresh };
  return (
    <article ref={heading} tabIndex={-1} aria-busy={state.fetching}>
      {refusal && (part ? <OutdatedNote onRetry={refresh} /> : <RefusalNote of={refusal} onRetry={refresh} />)}
      {!part && !refusal && <p className="empty">Opening…</p>}
      {part && (
        <>
          <title>{`${titleOf(part.dialog, me)} – Dialogs`}</title>
          <Title {...part} />
          {part.dialog.type === 'PUBLIC_GROUP' ? <PublicGroupPeople {...part} /> : <People {...part} />}
          <CustomData {...part} classes={data?.customClasses ?? []} />
          <History {...part} />
          <Ending {...part} />
        </>
      )}
    </article>
  );
}

/** On a small screen an open dialog hides the list, and with it the link that had the focus. */
function useFocusWhereTheListIsHidden() {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!document.querySelector('nav')?.checkVisibility()) element.current?.focus();
  }, []);
  return element;
}
