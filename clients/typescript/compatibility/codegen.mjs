// Types of documents, by GraphQL Code Generator's client preset. `node codegen.mjs DOCUMENTS FOLDER`
import { generate } from "@graphql-codegen/cli";

const [documents, folder] = process.argv.slice(2);
await generate(
  {
    schema: "../../../schema/full.graphql",
    documents,
    silent: true,
    generates: {
      [`${folder}/`]: {
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
