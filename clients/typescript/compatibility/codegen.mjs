// Types of the documents in ../tests, by GraphQL Code Generator's client preset. `node codegen.mjs FOLDER`
import { generate } from "@graphql-codegen/cli";

await generate(
  {
    schema: "../../../schema/full.graphql",
    documents: "../tests/operations.graphql",
    silent: true,
    generates: {
      [`${process.argv[2]}/`]: {
        preset: "client",
        presetConfig: { fragmentMasking: false },
        config: {
          documentMode: "string",
          useTypeImports: true,
          enumsAsTypes: true,
          scalars: { Date: "string", DateTime: "string", Decimal: "string", JSON: "unknown" },
        },
      },
    },
  },
  true,
);
