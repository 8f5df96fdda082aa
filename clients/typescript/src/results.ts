// Results: an answer, or what went wrong, as data.
import type { ErrorCode } from "./generated.js";

/** What went wrong; `NETWORK` if no answer came, and `UNKNOWN` if it came from something else than Gongzhi. */
export interface Problem {
  code: ErrorCode | "NETWORK" | "UNKNOWN" | (string & {});
  /** What went wrong and what to do, for people, in their language. */
  message: string;
  /** In a mutation the field of the input at fault; otherwise the field of the answer. */
  path: readonly (string | number)[];
  /** Seconds after which it may be tried again. */
  retryAfter?: number;
  /** Of `SECOND_FACTOR_REQUIRED`: what a code answers, within five minutes. */
  challenge?: string;
}

/** An answer, or what went wrong; beside that `data` holds what could be answered all the same. */
export type Result<Data> =
  | { ok: true; data: Data; problems: [] }
  | { ok: false; data: Data | null; problems: [Problem, ...Problem[]] };

interface GraphQLProblem {
  message?: string;
  path?: (string | number)[];
  extensions?: { code?: string; path?: string[]; retryAfter?: number; challenge?: string };
}

export interface Payload {
  data?: any;
  errors?: GraphQLProblem[];
}

export const succeed = <Data>(data: Data): Result<Data> => ({ ok: true, data, problems: [] });

export const fail = <Data>(code: Problem["code"], message: string, retryAfter?: number): Result<Data> => ({
  ok: false,
  data: null,
  problems: [{ code, message, path: [], retryAfter }],
});

/** Make a result of what GraphQL answered. What a mutation refused stands in its payload, and is a problem like others. */
export function readPayload<Data>({ data = null, errors = [] }: Payload): Result<Data> {
  const problems = errors.map(({ message = "", path, extensions: { code = "UNKNOWN", retryAfter, ...more } = {} }) => ({
    code,
    message,
    path: path ?? more.path ?? [],
    retryAfter,
  }));
  for (const field of Object.values<any>(data ?? {}))
    if (Array.isArray(field?.errors)) problems.push(...field.errors.filter((each: any) => each?.code));
  const [first, ...others] = problems;
  return first ? { ok: false, data, problems: [first, ...others] } : succeed(data);
}
