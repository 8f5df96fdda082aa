// Sends one kind of request for a while and says how it went.
// Reads {url, headers, bodies, connections, seconds | amount, warmup} as JSON, prints one line of JSON.
//
// While the load runs, a probe on a connection of its own reads an answer every so often: what the load itself counts
// are status codes, and a GraphQL error may come with 200.
"use strict";

const autocannon = require("autocannon");
const { readFileSync } = require("node:fs");

const PROBE = 500; // milliseconds

async function main() {
  const task = JSON.parse(readFileSync(0, "utf8"));
  const headers = { "content-type": "application/json", ...task.headers };
  const common = { url: task.url, method: "POST", headers, requests: task.bodies.map((body) => ({ body })), timeout: 60 };
  if (task.warmup) {
    await autocannon({ ...common, connections: task.connections, duration: task.warmup });
  }
  const probe = { seen: 0, wrong: 0 };
  const timer = setInterval(() => look(task, headers, probe), PROBE);
  const length = task.amount ? { amount: task.amount } : { duration: task.seconds };
  const found = await autocannon({ ...common, connections: task.connections, ...length });
  clearInterval(timer);
  await look(task, headers, probe);
  const { requests, latency, duration, non2xx, errors, timeouts } = found;
  const rate = requests.total / duration;
  const failures = non2xx + errors + timeouts + probe.wrong;
  console.log(JSON.stringify({ rate, requests: requests.total, median: latency.p50, p99: latency.p99, failures }));
}

async function look(task, headers, probe) {
  const body = task.bodies[probe.seen++ % task.bodies.length];
  try {
    const answer = await fetch(task.url, { method: "POST", headers, body });
    const { data, errors } = await answer.json();
    if (!answer.ok || errors || !data) probe.wrong++;
  } catch {
    probe.wrong++;
  }
}

main();
