// PostGraphile 5 as its makers say for production, on every core: DATABASE_URL has the table bench.account, PORT is where
// it listens.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";

import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { DATABASE_URL, PORT } = process.env;
// The server takes 100 connections.
const POOL = Math.max(1, Math.min(16, Math.floor(80 / availableParallelism())));

if (cluster.isPrimary) {
  for (let worker = 0; worker < availableParallelism(); worker++) cluster.fork();
  // Without one of them the figures are wrong.
  cluster.on("exit", (worker, code) => process.exit(code || 1));
  process.on("SIGTERM", () => process.exit());
} else {
  const preset = {
    extends: [PostGraphileAmberPreset],
    pgServices: [makePgService({ connectionString: DATABASE_URL, schemas: ["bench"], poolConfig: { max: POOL } })],
    grafserv: { watch: false, graphiql: false, websockets: false },
    grafast: { explain: false },
  };
  const server = createServer();
  const serv = postgraphile(preset).createServ(grafserv);
  await serv.addTo(server);
  server.listen(Number(PORT), "127.0.0.1");
  process.on("disconnect", () => process.exit());
}
