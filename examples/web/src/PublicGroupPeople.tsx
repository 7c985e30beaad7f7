import { AddByIds } from './AddByIds.tsx';
import { Avatar } from './Avatar.tsx';
import { Myself } from './Myself.tsx';
import { PersonMenu } from './PersonMenu.tsx';
import type { PartProps } from './useUpdate.ts';

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
      {dialog.viewerCanChangeAdmins && (
        <AddByIds {...props} list="addAdmins" label="User ids of new admins" placeholder="Add admins by user id, for example carol" />
      )}
    </section>
  );
}
