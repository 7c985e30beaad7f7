import { graphql } from 'relay-runtime';

/** What Relay's compiler makes artifacts of. Nothing runs this file. */
void graphql`
  query documentsDialogQuery($id: ID!) {
    dialog(id: $id) { id name version viewerStanding }
  }
`;

void graphql`
  mutation documentsRenameMutation($id: ID!, $name: String!) {
    updateDialog(id: $id, input: { name: $name }) {
      dialog { id name version }
    }
  }
`;

void graphql`
  subscription documentsDialogsSubscription($after: String) {
    dialogsChanged(after: $after) {
      dialogId
      cursor
      change { kind version }
      dialog { id name version }
    }
  }
`;

void graphql`
  subscription documentsDialogSubscription($id: ID!, $sinceVersion: Int) {
    dialogChanged(id: $id, sinceVersion: $sinceVersion) {
      change { kind version }
      dialog { id name version }
    }
  }
`;
