// The reference client of GraphQL over server-sent events, in distinct connections. Argument: URL.
const { createClient } = require("graphql-sse");

const client = createClient({ url: process.argv[2], singleConnection: false, retryAttempts: 0 });

async function collect(request) {
  const found = [];
  try {
    for await (const result of client.iterate(request)) found.push(result);
  } catch (problem) {
    found.push({ failed: problem.message });
  }
  return found;
}

async function main() {
  const query = await collect({ query: "{ hello }" });
  const ticks = await collect({ query: "subscription($n: Int) { ticks(until: $n) }", variables: { n: 3 } });
  const invalid = await collect({ query: "subscription { nonsense }" });
  const iterator = client.iterate({ query: "subscription { pages(length: 10) }" });
  const page = await iterator.next();
  await iterator.return();
  client.dispose();
  process.stdout.write(JSON.stringify({ query, ticks, invalid, page: page.value }));
}

main().then(() => process.exit(0), (problem) => {
  console.error(problem);
  process.exit(1);
});
