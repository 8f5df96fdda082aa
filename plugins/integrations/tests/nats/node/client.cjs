// A system of a county, with the client that its argument names: how far it is behind, then so many events, acknowledged.
const [version, count] = [process.argv[2], Number(process.argv[3])];
const { NATS_URL: servers, NATS_USER: user, NATS_PASSWORD: pass, NATS_STREAM: stream, NATS_CONSUMER: name } = process.env;

async function open() {
  if (version === "2") {
    const client = await require("nats").connect({ servers, user, pass });
    return [client, client.jetstream()];
  }
  const client = await require("@nats-io/transport-node").connect({ servers, user, pass });
  return [client, require("@nats-io/jetstream").jetstream(client)];
}

async function main() {
  const [client, jetstream] = await open();
  const consumer = await jetstream.consumers.get(stream, name);
  const print = async () => console.log("waiting", (await consumer.info()).num_pending);
  await print();
  const take = async (message) => {
    console.log(message.json().type, message.headers.get("Nats-Msg-Id"), message.info.pending);
    await message.ackAck();
  };
  await take(await consumer.next({ expires: 5000 }));
  let left = count - 1;
  const messages = await consumer.consume({ max_messages: 1 });
  for await (const message of messages) {
    await take(message);
    if (--left === 0) messages.stop();
  }
  await print();
  await client.close();
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
