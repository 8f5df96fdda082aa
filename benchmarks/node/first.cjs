// Parses and validates documents by graphql-js. Reads {sdl, documents, rounds} as JSON, prints the microseconds of each
// document in the middle round as JSON. Rounds before are not counted: they let the compiler come to rest.
"use strict";

const { readFileSync } = require("node:fs");
const { buildSchema, parse, validate } = require("graphql");

const { sdl, documents, rounds } = JSON.parse(readFileSync(0, "utf8"));
const schema = buildSchema(sdl, { assumeValidSDL: true });

function once(text) {
  const begun = process.hrtime.bigint();
  const errors = validate(schema, parse(text));
  if (errors.length) throw errors[0];
  return Number(process.hrtime.bigint() - begun) / 1000;
}

function middle(text) {
  for (let at = 0; at < rounds; at++) once(text);
  const found = Array.from({ length: rounds }, () => once(text)).sort((one, other) => one - other);
  return found[rounds >> 1];
}

console.log(JSON.stringify(documents.map(middle)));
