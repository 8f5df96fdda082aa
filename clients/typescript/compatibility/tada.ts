import { initGraphQLTada, type ResultOf, type VariablesOf } from "gql.tada";
import { print } from "graphql";
import { Client } from "../dist/index.js";
import type { introspection } from "./made/tada.d.ts";

const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { Date: string; DateTime: string; Decimal: string; JSON: unknown };
}>();

export const Report = graphql(`
  mutation Report($input: ReportCaseInput!) {
    reportCase(input: $input) {
      case { number status dueAt }
      errors { code message path }
    }
  }
`);

export const status: NonNullable<NonNullable<ResultOf<typeof Report>["reportCase"]>["case"]>["status"] = "REPORTED";
export const channel: VariablesOf<typeof Report>["input"]["channel"] = "WEB";

// The client takes its documents, and makes the key that the types of the schema ask for.
export async function report(client: Client, input: Omit<VariablesOf<typeof Report>["input"], "idempotencyKey">) {
  const found = await client.mutate(Report, { input });
  const number: string | undefined = found.data?.reportCase?.case?.number;
  // @ts-expect-error this was not asked for
  void found.data?.reportCase?.receiptCode;
  return number ?? print(Report);
}
