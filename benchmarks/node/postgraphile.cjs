// PostGraphile over the same tables, tuned as its documentation advises: no watching, no explaining, plain lists.
// Arguments: the database's address, the port to listen on.
"use strict";

const { createServer } = require("node:http");
const { postgraphile } = require("postgraphile");
const { makePgService } = require("postgraphile/adaptors/pg");
const { grafserv } = require("postgraphile/grafserv/node");
const { PostGraphileAmberPreset } = require("postgraphile/presets/amber");
const { jsonPgSmartTags } = require("postgraphile/utils");

const [address, port] = process.argv.slice(2);

// What the database does not declare and our own schema knows: a grid's code is unique among those in force, and the
// ancestor columns of a case point to grids. With this PostGraphile finds both by their indexes.
const tags = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      "grids.grid": { tags: { unique: "code" } },
      "cases.case": { tags: { foreignKey: "(grid_1_id) references grids.grid (id)" } },
    },
  },
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  schema: { defaultBehavior: "connection list" },
  pgServices: [makePgService({ connectionString: address, schemas: ["cases", "people", "grids", "units"] })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
};

async function main() {
  const server = createServer();
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(Number(port), "127.0.0.1");
}

main();
