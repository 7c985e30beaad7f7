import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { Avatar } from './Avatar.tsx';
import { aboutDialogs } from './client.ts';
import type { PartProps } from './DialogPage.tsx';
import { updateDialog } from './operations.ts';
import { RefusalNote } from './RefusalNote.tsx';

/** Who is in. The server says of each occupant whether this user may remove him. */
export function People({ dialog, me, onRefused }: PartProps) {
  const [adding, setAdding] = useState('');
  const [{ error, fetching }, run] = useMutation(updateDialog);
  const { nodes, totalCount } = dialog.occupants;

  async function add(event: FormEvent) {
    event.preventDefault();
    const addOccupants = adding.split(/[\s,]+/).filter((userId) => userId !== '');
    const { data } = await run({ id: dialog.id, input: { addOccupants } }, aboutDialogs);
    if (data?.updateDialog) setAdding('');
    else onRefused();
  }

  async function remove(userId: string) {
    const { data } = await run({ id: dialog.id, input: { removeOccupants: [userId] } }, aboutDialogs);
    if (!data?.updateDialog) onRefused();
    // Who has left sees no more of the dialog.
    else if (!data.updateDialog.dialog) location.hash = '#/';
  }

  return (
    <section aria-labelledby="people">
      <h2 id="people">People</h2>
      <ul className="people">
        {nodes.map(({ userId, standing, viewerCanRemove }) => (
          <li key={userId}>
            <Avatar of={userId} />
            <span className="title">{userId}</span>
            {standing !== 'OCCUPANT' && <span className="badge">{standing.toLowerCase()}</span>}
            {viewerCanRemove && (
              <button
                type="button"
                className="quiet"
                disabled={fetching}
                onClick={() => remove(userId)}
                aria-label={userId === me ? 'Leave this dialog' : `Remove ${userId}`}
              >
                {userId === me ? 'Leave' : 'Remove'}
              </button>
            )}
          </li>
        ))}
      </ul>
      {totalCount > nodes.length && <p className="detail">and {totalCount - nodes.length} more</p>}
      {dialog.viewerCanAddOccupants && (
        <form className="row" onSubmit={add}>
          <input
            aria-label="User ids to add"
            placeholder="User ids, such as carol dave"
            required
            value={adding}
            onChange={(event) => setAdding(event.target.value)}
          />
          <button disabled={fetching}>Add</button>
        </form>
      )}
      {error && <RefusalNote of={error} />}
    </section>
  );
}
