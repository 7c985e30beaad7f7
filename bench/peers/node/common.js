import { createVerifier } from "fast-jwt";
import { GraphQLError } from "graphql";

import { resolversOf, typeDefs } from "./schema.js";
import { open } from "./sqlite.js";

export { typeDefs };

// Verified tokens are remembered, like this project's server does.
const verify = createVerifier({ key: process.env.SECRET, algorithms: ["HS256"], requiredClaims: ["exp", "sub"], cache: 1000 });

const refusal = (code, message) => new GraphQLError(message, { extensions: { code } });

// The user of a request by its headers; undefined for nobody.
export function userOf(token) {
  try {
    return token && verify(token).sub;
  } catch {
    return undefined;
  }
}

function caller(context) {
  if (!context.user) throw refusal("UNAUTHENTICATED", "authentication required");
  return context.user;
}

export const resolvers = resolversOf(open(process.env.DATABASE), caller, refusal);

// Tells the benchmark where the server listens, in the form of this project's log.
export function serving(port) {
  process.stderr.write(JSON.stringify({ msg: "serving", address: `127.0.0.1:${port}` }) + "\n");
}
