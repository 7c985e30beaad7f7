import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

import { resolvers, typeDefs } from "./common.js";
import { serving, userOf } from "./serving.js";

const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: true, includeStacktraceInErrorResponses: false });
const { url } = await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: 0 },
  context: async ({ req }) => ({ user: userOf(req.headers["qb-token"]) }),
});
serving(new URL(url).port);
