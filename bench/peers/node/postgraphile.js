import { createServer } from "node:http";

import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

import { serving, userOf } from "./serving.js";

// PostGraphile 5 uses this function, which Node.js has since version 22.
Promise.withResolvers ??= function () {
  const all = {};
  all.promise = new this((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: "postgres:///", schemas: ["app"], pubsub: false })],
  gather: { installWatchFixtures: false },
  grafserv: { graphiql: false, watch: false },
  grafast: {
    explain: false,
    // Its documentation says to check tokens here. The policies of rows use the setting.
    context: ({ node }) => ({ pgSettings: { "jwt.claims.sub": userOf(node.req.headers["qb-token"]) ?? "" } }),
  },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => serving(server.address().port));
