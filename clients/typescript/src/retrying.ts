// Retrying: what may be sent again, and when.
import type { Result } from "./results.js";

/** What may be gone in a moment. */
const PASSING = ["NETWORK", "RATE_LIMITED", "REQUEST_TIMEOUT", "SERVER_STOPPING", "UNAVAILABLE"];
/** What may be ours and may not: worth another attempt where nothing was answered. */
const DOUBTFUL = ["INTERNAL_SERVER_ERROR", "TIMEOUT"];
const LONGEST = 60_000;

export interface Retries {
  /** How often something is sent at most; 5 if nothing is said. */
  attempts?: number;
  /** Milliseconds before the second attempt; before each further one twice as many. 500 if nothing is said. */
  pause?: number;
}

/** Say whether another attempt may go better. */
export const isPassing = ({ data, problems }: Result<any>): boolean =>
  problems.some(({ code }) => PASSING.includes(code) || (DOUBTFUL.includes(code) && isEmpty(data)));

const isEmpty = (data: any): boolean => Object.values(data ?? {}).every((field) => field === null);

/** Wait before another attempt: ever longer, never shorter than the server asked for. Rejects if the signal is aborted. */
export async function pauseBefore(attempt: number, { pause = 500 }: Retries, after = 0, signal?: AbortSignal) {
  const backoff = Math.min(pause * 2 ** attempt, LONGEST) * (0.5 + Math.random() / 2);
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => (clearTimeout(timer), reject(signal!.reason));
    const timer = setTimeout(
      () => (signal?.removeEventListener("abort", stop), resolve()),
      Math.max(backoff, after * 1000),
    );
    signal?.addEventListener("abort", stop, { once: true });
  });
}
