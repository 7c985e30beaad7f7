import type { DialogType, Standing } from './gql/graphql.ts';

const lists = new Intl.ListFormat('en', { type: 'conjunction' });

/** “a”, “a and b”, “a, b, and c”; of many, the first few. */
export function listed(items: readonly string[]): string {
  const shown = items.length > 6 ? [...items.slice(0, 5), `${items.length - 5} others`] : items;
  return lists.format(shown);
}

/** What a person calls a dialog of this type. */
export function kindOf(type: DialogType): string {
  return { PUBLIC_GROUP: 'public group', GROUP: 'group', PRIVATE: 'private chat' }[type];
}

/** What somebody is to a dialog, after “You are”. */
export function standingOf(standing: Standing): string {
  return {
    SERVER: 'the server',
    OWNER: 'the owner',
    ADMIN: 'an admin',
    OCCUPANT: 'a member',
    OUTSIDER: 'not a member',
  }[standing];
}

interface Titled {
  name?: string | null;
  occupants: { nodes: { userId: string }[] };
}

/** A private dialog has no name: it is called after the other user. */
export function titleOf({ name, occupants }: Titled, me: string): string {
  return name ?? occupants.nodes.find(({ userId }) => userId !== me)?.userId ?? 'Nobody else';
}

/** The user ids in what was typed: separated by spaces or commas. */
export const userIdsIn = (text: string): string[] => text.split(/[\s,]+/).filter((userId) => userId !== '');
