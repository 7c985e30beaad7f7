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

const mayRename = (d, user) =>
  d.ownerId === user || d.admins.includes(user) || (d.typeCode === 2 && d.occupantIds.includes(user));

// The resolvers of a store, for any server. caller returns the user of a request.
export function resolversOf(store, caller, refusal) {
  const seen = (id, user) => {
    const d = store.dialog(id);
    if (!d) throw refusal("NOT_FOUND", "dialog not found");
    if (d.typeCode !== 1 && d.ownerId !== user && !d.admins.includes(user) && !d.occupantIds.includes(user)) {
      throw refusal("FORBIDDEN", "only members may see this dialog");
    }
    return d;
  };
  const rename = (id, input, user) => {
    const name = input.name;
    if (!name || [...name].length > 200) throw refusal("BAD_USER_INPUT", "name must have 1 to 200 characters");
    return store.change(() => {
      const d = seen(id, user);
      if (d.typeCode === 3) throw refusal("BAD_USER_INPUT", "a private dialog cannot be renamed");
      if (!mayRename(d, user)) throw refusal("FORBIDDEN", "only the owner or an admin may rename this dialog");
      if (input.ifVersion != null && input.ifVersion !== d.version) throw refusal("CONFLICT", "the dialog was changed by someone else");
      return d.name === name ? d : store.rename(d, name, user);
    });
  };
  return {
    Query: {
      dialog: (_, { id }, context) => seen(id, caller(context)),
      dialogs: (_, { first, after }, context) => {
        if (first < 1 || first > 100) throw refusal("BAD_USER_INPUT", "first must be between 1 and 100");
        return store.list(caller(context), first, after);
      },
    },
    Mutation: { updateDialog: (_, { id, input }, context) => ({ dialog: rename(id, input, caller(context)) }) },
    Dialog: {
      type: (d) => types[d.typeCode],
      viewerCanRename: (d, _, context) => mayRename(d, caller(context)),
    },
  };
}
