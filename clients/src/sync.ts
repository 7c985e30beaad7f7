type Dialog = { id: string; name: string | null; version: number };
type Copy = { dialogs: Map<string, Dialog>; cursor: string | null };
type Ask = (query: string, variables: object) => Promise<any>; // sends it; returns data, throws errors[0]
const list = 'query ($after: String) { dialogs(first: 100, after: $after) { nodes { id name version } pageInfo { hasNextPage endCursor } } }';
const changes = 'query ($after: String) { dialogChanges(after: $after) { changed { id name version } removedIds cursor hasMore } }';

export async function sync(ask: Ask, copy: Copy): Promise<void> {
  if (copy.cursor === null) Object.assign(copy, await start(ask));
  for (let more = true; more; ) {
    const page = (await ask(changes, { after: copy.cursor })).dialogChanges;
    for (const dialog of page.changed) copy.dialogs.set(dialog.id, dialog);
    for (const id of page.removedIds) copy.dialogs.delete(id);
    copy.cursor = page.cursor; // if the copy is stored: together with what the page changed
    more = page.hasMore;
  }
}

async function start(ask: Ask): Promise<Copy> {
  const { cursor } = (await ask(changes, {})).dialogChanges; // the position first, then the list
  const dialogs = new Map<string, Dialog>();
  for (let after = null, more = true; more; ) {
    const { nodes, pageInfo }: any = (await ask(list, { after })).dialogs;
    for (const dialog of nodes) dialogs.set(dialog.id, dialog);
    [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
  }
  return { dialogs, cursor };
}
