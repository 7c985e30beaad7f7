import Fastify from "fastify";
import mercurius from "mercurius";

import { resolvers, typeDefs } from "./common.js";
import { serving, userOf } from "./serving.js";

const app = Fastify({ logger: false });
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  context: (request) => ({ user: userOf(request.headers["qb-token"]) }),
});
await app.listen({ host: "127.0.0.1", port: 0 });
serving(app.server.address().port);
