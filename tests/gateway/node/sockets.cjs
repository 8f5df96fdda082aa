// The reference client of graphql-transport-ws. Argument: URL.
const { createClient, CloseCode } = require("graphql-ws");

const url = process.argv[2].replace("http", "ws");

function connect(options = {}) {
  return createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
}

async function collect(client, request) {
  const found = [];
  try {
    for await (const result of client.iterate(request)) found.push(result);
  } catch (problem) {
    found.push({ failed: Array.isArray(problem) ? problem.map((one) => one.extensions.code) : problem.code });
  }
  return found;
}

async function main() {
  let pings = 0;
  const client = connect({ connectionParams: { token: "wang" }, on: { ping: () => pings++ } });
  const query = await collect(client, { query: "{ viewer }" });
  const mutation = await collect(client, { query: "mutation { touch }" });
  const ticks = await collect(client, { query: "subscription($n: Int) { ticks(until: $n) }", variables: { n: 3 } });
  const invalid = await collect(client, { query: "{ nonsense }" });
  const together = await Promise.all(
    Array.from({ length: 20 }, (_, n) => collect(client, { query: `subscription { ticks(until: ${n}) }` })),
  );
  const iterator = client.iterate({ query: "subscription { pages(length: 10) }" });
  await iterator.next();
  await iterator.return();
  await client.dispose();
  const refused = await collect(connect({ connectionParams: { token: "bad" } }), { query: "{ hello }" });
  const result = {
    query, mutation: mutation.length, ticks, invalid, refused,
    together: together.map((each) => each.length),
    forbidden: CloseCode.Forbidden,
  };
  process.stdout.write(JSON.stringify(result));
}

main().then(() => process.exit(0), (problem) => {
  console.error(problem);
  process.exit(1);
});
