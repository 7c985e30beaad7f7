import { refusal, resolversOf, typeDefs } from "./schema.js";

export { typeDefs };

function caller(context) {
  if (!context.user) throw refusal("UNAUTHENTICATED", "authentication required");
  return context.user;
}

// The store is a file of SQLite, or the address of a database of MongoDB.
const { open } = await import(process.env.STORE.startsWith("mongodb") ? "./mongo.js" : "./sqlite.js");

export const resolvers = resolversOf(await open(process.env.STORE), caller);
