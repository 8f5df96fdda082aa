// Requests: one attempt over HTTP, whose failures are answers, too.
import type { Payload } from "./results.js";

export interface Reply {
  /** 0 if no answer came. */
  status: number;
  payload: Payload;
  retryAfter?: number;
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
  const text = await response.text();
  try {
    return { status, payload: JSON.parse(text), retryAfter };
  } catch {
    const code = status === 429 ? "RATE_LIMITED" : status >= 502 ? "UNAVAILABLE" : "UNKNOWN";
    return { status, payload: describe(code, `HTTP ${status}`), retryAfter };
  }
}

export const describe = (code: string, message: string): Payload => ({ errors: [{ message, extensions: { code } }] });
