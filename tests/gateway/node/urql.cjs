// urql asks a query, fails one, and subscribes through graphql-ws. Arguments: URL of queries, URL of subscriptions.
const { Client, fetchExchange, gql, subscriptionExchange } = require("@urql/core");
const { createClient } = require("graphql-ws");

const [url, stream] = process.argv.slice(2);
const sockets = createClient({ url: stream.replace("http", "ws"), webSocketImpl: WebSocket });
const forwardSubscription = ({ query, variables }) => ({
  subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ query, variables }, sink) }),
});
const client = new Client({
  url,
  preferGetMethod: false,
  exchanges: [subscriptionExchange({ forwardSubscription }), fetchExchange],
});

function collect(query, variables) {
  const found = [];
  return new Promise((resolve) => {
    const stop = client.subscription(query, variables).subscribe((result) => {
      if (result.data && result.hasNext) found.push(result.data); // the last one is repeated at the end
      if (result.error || !result.hasNext) resolve(found);
    });
  });
}

async function main() {
  const query = gql`query Categories($first: Int) { categories(first: $first) { nodes { id } } }`;
  const page = await client.query(query, { first: 3 }).toPromise();
  const by = await client.query(query, { first: 2 }, { preferGetMethod: "force" }).toPromise();
  const failed = await client.query(gql`{ nonsense }`, {}).toPromise();
  const ticks = await collect(gql`subscription ($until: Int) { ticks(until: $until) }`, { until: 3 });
  await sockets.dispose();
  const result = {
    page: page.data?.categories.nodes.length,
    get: by.data?.categories.nodes.length,
    code: failed.error?.graphQLErrors[0].extensions.code,
    ticks,
  };
  process.stdout.write(JSON.stringify(result));
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
