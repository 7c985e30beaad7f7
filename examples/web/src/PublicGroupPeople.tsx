import { type FormEvent, useState } from 'react';
import { Avatar } from './Avatar.tsx';
import { Myself } from './Myself.tsx';
import { PersonMenu } from './PersonMenu.tsx';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';
import { userIdsIn } from './words.ts';

/** Who runs a public group. It has no list of members: everyone is in. */
export function PublicGroupPeople(props: PartProps) {
  const { dialog, me } = props;
  return (
    <section className="card" aria-labelledby="people">
      <h2 id="people">Who runs it</h2>
      <ul className="people">
        {[dialog.ownerId, ...dialog.adminIds].map((userId, index) => {
          const standing = index === 0 ? 'OWNER' : 'ADMIN';
          const viewerCanChangeAdmin = standing === 'ADMIN' && dialog.viewerCanChangeAdmins;
          return (
            <li key={userId}>
              <Avatar of={userId} />
              <span className="title">{userId}</span>
              {userId === me && <span className="detail">you</span>}
              <span className="badge">{standing.toLowerCase()}</span>
              {userId === me ? (
                <Myself {...props} />
              ) : (
                <PersonMenu {...props} person={{ userId, standing, viewerCanChangeAdmin, viewerCanRemove: false }} />
              )}
            </li>
          );
        })}
      </ul>
      {dialog.viewerCanChangeAdmins && <AddAdmins {...props} />}
    </section>
  );
}

function AddAdmins(props: PartProps) {
  const [typed, setTyped] = useState('');
  const { update, busy, failure } = useUpdate(props);

  function submit(event: FormEvent) {
    event.preventDefault();
    void update({ addAdmins: userIdsIn(typed) }, () => setTyped(''));
  }

  return (
    <form className="stack tight" onSubmit={submit} aria-busy={busy}>
      <div className="row">
        <input
          aria-label="User ids of new admins"
          placeholder="Add admins by user id, for example carol"
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
