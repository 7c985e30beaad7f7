import { createServer } from "node:http";

import { createSchema, createYoga } from "graphql-yoga";

import { resolvers, typeDefs } from "./common.js";
import { serving, userOf } from "./serving.js";

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  graphiql: false,
  logging: false,
  context: ({ request }) => ({ user: userOf(request.headers.get("qb-token")) }),
});
const server = createServer(yoga);
server.listen(0, "127.0.0.1", () => serving(server.address().port));
