import { useState } from 'react';
import { useQuery } from 'urql';
import { AddByIds } from './AddByIds.tsx';
import { Avatar } from './Avatar.tsx';
import type { PeopleFragment } from './gql/graphql.ts';
import { Myself } from './Myself.tsx';
import { morePeople } from './operations.ts';
import { PersonMenu } from './PersonMenu.tsx';
import { refusalOf } from './refusal.ts';
import { RefusalNote } from './RefusalNote.tsx';
import type { PartProps } from './useUpdate.ts';

/** The members, and who may do what about them as the server says for each. */
export function People(props: PartProps) {
  const { dialog } = props;
  return (
    <section className="card" aria-labelledby="people">
      <h2 id="people">
        People <span className="count">{dialog.occupantCount}</span>
      </h2>
      <ul className="people">
        <Page {...props} people={dialog.occupants} />
      </ul>
      {dialog.viewerCanAddOccupants && (
        <AddByIds {...props} list="addOccupants" label="User ids to add" placeholder="Add people by user id, for example carol dave" />
      )}
    </section>
  );
}

/** Some of the members, and behind them the next ones when they are asked for. */
function Page({ people, ...props }: PartProps & { people: PeopleFragment }) {
  const [more, setMore] = useState(false);
  const { hasNextPage, endCursor } = people.pageInfo;
  // The owner of a private chat has no more to say than the other user.
  const hasStanding = ({ standing }: { standing: string }) => standing !== 'OCCUPANT' && props.dialog.type !== 'PRIVATE';
  return (
    <>
      {people.nodes.map((person) => (
        <li key={person.userId}>
          <Avatar of={person.userId} />
          <span className="title">{person.userId}</span>
          {person.userId === props.me && <span className="detail">you</span>}
          {hasStanding(person) && <span className="badge">{person.standing.toLowerCase()}</span>}
          {person.userId === props.me ? <Myself {...props} /> : <PersonMenu {...props} person={person} />}
        </li>
      ))}
      {hasNextPage && endCursor && more && <NextPage {...props} after={endCursor} />}
      {hasNextPage && !more && (
        <li>
          <button type="button" className="quiet" onClick={() => setMore(true)}>
            Show more people
          </button>
        </li>
      )}
    </>
  );
}

function NextPage({ after, ...props }: PartProps & { after: string }) {
  const [{ data, error }, reload] = useQuery({ query: morePeople, variables: { id: props.dialog.id, after } });
  const people = data?.dialog?.occupants;
  if (people) return <Page {...props} people={people} />;
  return <li>{error ? <RefusalNote of={refusalOf(error)} onRetry={reload} /> : 'Loading…'}</li>;
}
