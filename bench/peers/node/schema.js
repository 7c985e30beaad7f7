import { GraphQLError } from "graphql";

// The part of schema.graphqls that the three operations need.
export const typeDefs = /* GraphQL */ `
  scalar DateTime
  enum DialogType { PUBLIC_GROUP GROUP PRIVATE }
  type Dialog {
    id: ID!
    type: DialogType!
    name: String
    ownerId: ID!
    occupantIds: [ID!]!
    version: Int!
    updatedAt: DateTime!
    viewerCanRename: Boolean!
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type DialogConnection { nodes: [Dialog!]! pageInfo: PageInfo! }
  input UpdateDialogInput { name: String ifVersion: Int }
  type UpdateDialogPayload { dialog: Dialog! }
  type Query {
    dialog(id: ID!): Dialog!
    dialogs(first: Int = 20, after: String): DialogConnection!
  }
  type Mutation { updateDialog(id: ID!, input: UpdateDialogInput!): UpdateDialogPayload! }
`;

const types = { 1: "PUBLIC_GROUP", 2: "GROUP", 3: "PRIVATE" };

export const refusal = (code, message) => new GraphQLError(message, { extensions: { code } });

const mayRename = (d, user) =>
  d.ownerId === user || d.admins.includes(user) || (d.typeCode === 2 && d.occupantIds.includes(user));

// The dialog, if the user may see it.
export function seen(d, user) {
  if (!d) throw refusal("NOT_FOUND", "dialog not found");
  if (d.typeCode !== 1 && d.ownerId !== user && !d.admins.includes(user) && !d.occupantIds.includes(user)) {
    throw refusal("FORBIDDEN", "only members may see this dialog");
  }
  return d;
}

// The dialog, if the user may rename it and nobody else has changed it.
export function renamable(d, input, user) {
  seen(d, user);
  if (d.typeCode === 3) throw refusal("BAD_USER_INPUT", "a private dialog cannot be renamed");
  if (!mayRename(d, user)) throw refusal("FORBIDDEN", "only the owner or an admin may rename this dialog");
  if (input.ifVersion != null && input.ifVersion !== d.version) throw changed();
  return d;
}

export const changed = () => refusal("CONFLICT", "the dialog was changed by someone else");

export const folded = (name) => name.normalize("NFC").toLowerCase();

// A page of dialogs, from one more than it may have.
export function pageOf(dialogs, first) {
  const nodes = dialogs.slice(0, first);
  const last = nodes.at(-1);
  return {
    nodes,
    pageInfo: {
      hasNextPage: dialogs.length > first,
      endCursor: last ? Buffer.from(`${last.updatedMs}:${last.id}`).toString("base64url") : null,
    },
  };
}

// The time and the id of a page's last dialog.
export function positionOf(cursor) {
  const [at, id] = Buffer.from(cursor, "base64url").toString().split(":");
  return [Number(at), id ?? ""];
}

// The resolvers of a store, for any server. caller returns the user of a request. The
// store answers at once or with a promise.
export function resolversOf(store, caller) {
  return {
    Query: {
      dialog: (_, { id }, context) => store.dialog(id, caller(context)),
      dialogs: (_, { first, after }, context) => {
        if (first < 1 || first > 100) throw refusal("BAD_USER_INPUT", "first must be between 1 and 100");
        return store.list(caller(context), first, after);
      },
    },
    Mutation: {
      updateDialog: (_, { id, input }, context) => {
        const user = caller(context);
        if (!input.name || [...input.name].length > 200) throw refusal("BAD_USER_INPUT", "name must have 1 to 200 characters");
        const renamed = store.rename(id, input, user);
        return renamed instanceof Promise ? renamed.then((dialog) => ({ dialog })) : { dialog: renamed };
      },
    },
    Dialog: {
      type: (d) => types[d.typeCode],
      viewerCanRename: (d, _, context) => mayRename(d, caller(context)),
    },
  };
}
