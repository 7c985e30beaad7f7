import { graphql } from './gql/index.js';

/** Every kind of value that the schema has passes through these documents. */

export const viewer = graphql(`
  query Viewer {
    viewer { userId kind apiKeyName }
  }
`);

export const session = graphql(`
  mutation Session($input: CreateSessionInput!) {
    createSession(input: $input) { token expiresAt }
  }
`);

export const defineClass = graphql(`
  mutation DefineClass($input: DefineCustomClassInput!) {
    defineCustomClass(input: $input) { customClass { name fields { name type list } } }
  }
`);

export const create = graphql(`
  mutation Create($input: CreateDialogInput!) {
    createDialog(input: $input) {
      created
      dialog { id type name occupantIds version viewerStanding }
    }
  }
`);

export const dialog = graphql(`
  query Dialog($id: ID!) {
    dialog(id: $id) {
      id
      type
      name
      ownerId
      occupantIds
      adminIds
      customData { className fields }
      createdAt
      version
      viewerStanding
      viewerCanRename
      occupants(first: 10) { nodes { userId standing viewerCanRemove } pageInfo { hasNextPage } totalCount }
      history(first: 5) { kind version at changed actor { userId apiKeyName } }
    }
  }
`);

export const update = graphql(`
  mutation Update($id: ID!, $input: UpdateDialogInput!) {
    updateDialog(id: $id, input: $input) {
      dialog { id name occupantIds customData { className fields } version }
      change { kind changed addedOccupantIds removedOccupantIds }
      replayed
    }
  }
`);

export const remove = graphql(`
  mutation Remove($id: ID!) {
    deleteDialog(id: $id) { deletedId }
  }
`);

export const page = graphql(`
  query Page($first: Int, $after: String, $filter: DialogFilter) {
    dialogs(first: $first, after: $after, filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }) {
      edges { cursor node { id name } }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`);

export const two = graphql(`
  query Two($first: ID!, $second: ID!) {
    first: dialog(id: $first) { id name }
    second: dialog(id: $second) { id name }
  }
`);

export const rename = graphql(`
  mutation Rename($id: ID!, $name: String!) {
    updateDialog(id: $id, input: { name: $name }) {
      dialog { id name version }
    }
  }
`);

export const dialogsChanged = graphql(`
  subscription DialogsChanged($after: String) {
    dialogsChanged(after: $after) {
      dialogId
      cursor
      change { kind version }
      dialog { id name version }
    }
  }
`);

export const oneChanged = graphql(`
  subscription OneChanged($id: ID!, $sinceVersion: Int) {
    dialogChanged(id: $id, sinceVersion: $sinceVersion) {
      change { kind version }
      dialog { id name version }
    }
  }
`);
