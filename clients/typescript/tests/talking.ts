// Talking: lines of JSON to and from the test that runs a script.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** What the test has given: `node script.ts '{"address": …}'`. */
export const given: Record<string, string> = JSON.parse(process.argv[2]!);

export const say = (value: unknown) => console.log(JSON.stringify(value));

/** Wait for the test to go on, and return what it says. */
export const hear = async () => String((await lines.next()).value);
