import { graphql } from './gql/index.ts';

/** Whatever the page shows of the dialog that is open. The viewerCan fields say which buttons there are. */
graphql(`
  fragment DialogDetails on Dialog {
    id
    type
    name
    version
    viewerStanding
    viewerCanRename
    viewerCanAddOccupants
    viewerCanSetCustomData
    occupants(first: 100) {
      nodes { userId standing viewerCanRemove }
      totalCount
    }
    customData { className fields }
    history(first: 5) {
      version
      kind
      at
      changed
      actor { userId }
    }
  }
`);

export const listDialogs = graphql(`
  query ListDialogs($first: Int, $after: String, $last: Int, $before: String) {
    dialogs(first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        type
        name
        occupantCount
        occupants(first: 2) { nodes { userId } }
        updatedAt
      }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      totalCount
    }
  }
`);

export const openDialog = graphql(`
  query OpenDialog($id: ID!) {
    dialog(id: $id) { ...DialogDetails }
    customClasses { name fields { name type list } }
  }
`);

export const createGroup = graphql(`
  mutation CreateGroup($name: String!, $key: String!) {
    createDialog(input: { type: GROUP, name: $name, idempotencyKey: $key }) {
      dialog { id }
    }
  }
`);

export const updateDialog = graphql(`
  mutation UpdateDialog($id: ID!, $input: UpdateDialogInput!) {
    updateDialog(id: $id, input: $input) {
      dialog { ...DialogDetails }
    }
  }
`);

export const whoAmI = graphql(`
  query WhoAmI {
    viewer { userId }
  }
`);
