// Requests: one attempt over HTTP, whose failures are answers, too.
import type { Payload } from "./results.js";

/** The header by which a server with replicas is told, and tells, how far somebody has come. */
export const POSITION = "gongzhi-position";

export interface Reply {
  /** 0 if no answer came. */
  status: number;
  payload: Payload;
  retryAfter?: number;
  /** How far the caller has come in the database's log, where the server says. */
  position?: string;
}

/** Send JSON, and return what came of it. Rejects only if the signal is aborted. */
export async function postJson(
  send: typeof fetch,
  address: string,
  body: object,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Reply> {
  try {
    return await readReply(
      await send(address, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal,
      }),
    );
  } catch (problem) {
    signal?.throwIfAborted();
    return { status: 0, payload: describe("NETWORK", String(problem)) };
  }
}

/** Read an answer. What is no JSON comes from something between us and the server. */
export async function readReply(response: Response): Promise<Reply> {
  const { status } = response;
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  const position = response.headers.get(POSITION) ?? undefined;
  const text = await response.text();
  try {
    return { status, payload: JSON.parse(text), retryAfter, position };
  } catch {
    const code = status === 429 ? "RATE_LIMITED" : status >= 502 ? "UNAVAILABLE" : "UNKNOWN";
    return { status, payload: describe(code, `HTTP ${status}`), retryAfter, position };
  }
}

export const describe = (code: string, message: string): Payload => ({ errors: [{ message, extensions: { code } }] });
