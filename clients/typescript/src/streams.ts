// Streams: one connection for a subscription, as server-sent events or over a WebSocket, until it ends or breaks.
import { createClient as createSocket, type Client as Socket } from "graphql-ws";
import { readReply } from "./requests.js";
import type { Payload } from "./results.js";

/** What a stream carries: an answer, and the place to go on from. */
export interface Message {
  payload: Payload;
  cursor?: string;
}

/** Yields answers until the operation is complete. Throws when the connection breaks. */
export type Stream = (body: object, token: string | undefined, signal: AbortSignal) => AsyncIterable<Message>;

/** Milliseconds without a sign of life after which a connection is given up; the server gives one every 12 seconds. */
const SILENCE = 40_000;

/** Calls `end` when nothing was heard for too long. */
function watchFor(end: () => void) {
  let timer: ReturnType<typeof setTimeout>;
  const stop = () => clearTimeout(timer);
  const hear = () => (stop(), (timer = setTimeout(end, SILENCE)));
  return { hear, stop };
}

/** Server-sent events, read by `fetch`: EventSource can send neither a token nor variables. */
export function overEvents(send: typeof fetch, address: string, headers: () => Record<string, string>): Stream {
  return async function* (body, token, signal) {
    const silence = new AbortController();
    const life = watchFor(() => silence.abort());
    try {
      life.hear();
      const response = await send(address, {
        method: "POST",
        headers: {
          ...headers(),
          "content-type": "application/json",
          accept: "text/event-stream",
          ...(token && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
        yield { payload: (await readReply(response)).payload };
        return;
      }
      for await (const event of readEvents(response.body, life.hear)) {
        if (event.event === "complete") return;
        if (event.data) yield { payload: JSON.parse(event.data), cursor: event.id };
      }
      throw new Error("The stream was cut off.");
    } finally {
      life.stop();
      silence.abort();
    }
  };
}

/** Yield the fields of each event. Our server ends lines with a line feed. */
async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>, hear: () => void) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader(); // not every browser iterates over streams
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    hear();
    const blocks = (rest + read.value).split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const event: Record<string, string | undefined> = {};
      for (const line of block.split("\n")) {
        const [, name, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
        if (name) event[name] = event[name] === undefined ? value : `${event[name]}\n${value}`;
      }
      yield event;
    }
  }
}

/** A WebSocket that all subscriptions share. Where it goes on is for the caller, who knows the cursors. */
export function overSocket(address: string, renew: (token: string) => Promise<unknown>, make?: unknown): Stream {
  let socket: Socket | undefined;
  let current: string | undefined;
  const open = () => {
    const life = watchFor(() => socket?.terminate());
    return createSocket({
      url: address,
      webSocketImpl: make,
      retryAttempts: 0,
      connectionParams: () => (current ? { token: current } : {}),
      on: {
        connecting: life.hear,
        message: life.hear,
        closed: life.stop,
        // A minute before the token ends the server says so: the next connection brings the next token.
        ping: async (received, payload) => {
          if (received && payload?.expiresIn && current) {
            await renew(current);
            socket?.terminate();
          }
        },
      },
    });
  };
  return async function* (body, token, signal) {
    current = token;
    socket ??= open();
    const answers = socket.iterate<any>(body as any);
    const stop = () => void answers.return?.(undefined);
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const payload of answers) {
        const [first] = Object.values<any>(payload.data ?? {});
        yield { payload: payload as Payload, cursor: first?.cursor };
      }
    } catch (problem) {
      // An array holds the errors with which the server ended the operation; everything else is the connection's end.
      if (!Array.isArray(problem)) throw problem;
      yield { payload: { errors: problem as Payload["errors"] } };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };
}
