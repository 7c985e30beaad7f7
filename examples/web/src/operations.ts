import { graphql } from './gql/index.ts';

graphql(`
  fragment People on OccupantConnection {
    nodes { userId standing viewerCanRemove viewerCanChangeAdmin }
    pageInfo { hasNextPage endCursor }
  }
`);

graphql(`
  fragment Change on DialogChange {
    kind
    version
    at
    actor { userId }
    changed
    name
    newOwnerId
    addedOccupantIds
    removedOccupantIds
    addedAdminIds
    removedAdminIds
  }
`);

/** What the page shows of the dialog that is open. The viewerCan fields say which buttons there are. */
graphql(`
  fragment DialogDetails on Dialog {
    id
    type
    name
    version
    ownerId
    adminIds
    occupantCount
    occupants(first: 50) { ...People }
    customData { className fields }
    history(first: 8) { ...Change }
    viewerStanding
    viewerCanRename
    viewerCanAddOccupants
    viewerCanLeave
    viewerCanChangeAdmins
    viewerCanTransfer
    viewerCanSetCustomData
    viewerCanDelete
  }
`);

export const listDialogs = graphql(`
  query ListDialogs($first: Int, $after: String, $last: Int, $before: String, $filter: DialogFilter) {
    dialogs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
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

export const morePeople = graphql(`
  query MorePeople($id: ID!, $after: String!) {
    dialog(id: $id) { id occupants(first: 50, after: $after) { ...People } }
  }
`);

export const wholeHistory = graphql(`
  query WholeHistory($id: ID!) {
    dialog(id: $id) { id history(first: 50) { ...Change } }
  }
`);

export const createDialog = graphql(`
  mutation CreateDialog($input: CreateDialogInput!) {
    createDialog(input: $input) {
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

export const deleteDialog = graphql(`
  mutation DeleteDialog($id: ID!) {
    deleteDialog(id: $id) { deletedId }
  }
`);

export const currentPosition = graphql(`
  query CurrentPosition {
    dialogChanges { cursor }
  }
`);

export const changedDialogs = graphql(`
  subscription ChangedDialogs($after: String) {
    dialogsChanged(after: $after) { dialogId cursor }
  }
`);

export const whoAmI = graphql(`
  query WhoAmI {
    viewer { userId }
  }
`);
