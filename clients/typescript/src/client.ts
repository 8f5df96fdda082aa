// Client: asks the server, and answers with results.
import { readText, type Document, type Keyless, type Print, type Rest } from "./documents.js";
import { makeKey } from "./keys.js";
import { POSITION, postJson, type Reply } from "./requests.js";
import { readPayload, type Result } from "./results.js";
import { isPassing, pauseBefore, type Retries } from "./retrying.js";
import type { Credentials } from "./session.js";
import { overEvents, overSocket, type Stream } from "./streams.js";
import { sendFile } from "./uploads.js";

export interface ClientOptions {
  /** The server's address, such as `https://gongzhi.example.org`; in a page of its own host nothing. */
  address?: string;
  /** Who asks; a stranger if nothing is said. */
  credentials?: Credentials;
  /** The language of messages; `zh` or `en`. */
  language?: string;
  /** `print` of the package graphql, for documents that are syntax trees. */
  print?: Print;
  retries?: Retries;
  fetch?: typeof fetch;
  /** What opens sockets, where there is no global WebSocket. */
  webSocket?: unknown;
}

export interface RequestOptions {
  signal?: AbortSignal;
}

export interface FollowOptions extends RequestOptions {
  /** Go on after this one; that of the last event you have kept, or of `client.findCursor()`. */
  cursor?: string | null;
  /** `events` unless said otherwise: server-sent events, which pass every proxy that passes HTTP. */
  over?: "events" | "socket";
}

export interface UploadOptions extends RequestOptions {
  /** Called with how much of the file has left, from 0 to 1. */
  onProgress?: (share: number) => void;
  /** A UUID that the app makes up once, for files of strangers. */
  clientId?: string;
}

/** A file that was taken, for `attachments` of a mutation. */
export interface Uploaded {
  id: string;
  kind: string;
  mediaType: string;
  size: number;
}

/** What a subscription tells, with the place to go on from. */
export type Told<Data> = Result<Data> & { cursor?: string };

/** What ends a connection and no subscription. */
const CONNECTION = ["SERVER_STOPPING", "UNAVAILABLE", "RATE_LIMITED", "INTERNAL_SERVER_ERROR", "NETWORK"];

export class Client {
  #address: string;
  #position?: string;
  #streams: Partial<Record<"events" | "socket", Stream>> = {};

  constructor(private options: ClientOptions = {}) {
    this.#address = options.address ?? globalThis.location?.origin ?? "";
  }

  /** Ask. It is tried again while that may help. */
  query<Data, Variables extends object>(
    document: Document<Data, Variables>,
    ...[variables, options]: Rest<Variables, RequestOptions>
  ): Promise<Result<Data>> {
    return this.#ask(readText(document, this.options.print), variables ?? {}, true, options);
  }

  /**
   * Change something, once, however often it has to be sent: if the input has no `idempotencyKey`, it is given one.
   * Give your own where the same change may be sent again later, such as after the app was closed.
   */
  mutate<Data, Variables extends object>(
    document: Document<Data, Variables>,
    ...[given, options]: Rest<Keyless<Variables>, RequestOptions>
  ): Promise<Result<Data>> {
    const { input, ...others } = { ...given } as { input?: object };
    const variables = input ? { ...others, input: { idempotencyKey: makeKey(), ...input } } : others;
    return this.#ask(readText(document, this.options.print), variables, Boolean(input), options);
  }

  /** Return the cursor of now: ask for it before you load what you follow, and lose nothing between. */
  async findCursor(options?: RequestOptions): Promise<Result<string>> {
    const found = await this.query<{ eventCursor: string }, {}>("{ eventCursor }", {}, options);
    return found.ok ? { ...found, data: found.data.eventCursor } : { ...found, data: null };
  }

  /**
   * Follow a subscription, over whatever breaks: a network, a server, a token that ends. It goes on after the last event
   * that came; over a socket select `cursor`. It ends when the server has nothing more, or with what it refuses.
   */
  async *subscribe<Data, Variables extends object>(
    document: Document<Data, Variables>,
    ...[variables, options = {}]: Rest<Variables, FollowOptions>
  ): AsyncGenerator<Told<Data>, void> {
    const { credentials, retries = {} } = this.options;
    const query = readText(document, this.options.print);
    const signal = options.signal ?? new AbortController().signal;
    const stream = this.#stream(options.over ?? "events");
    let cursor = options.cursor ?? undefined;
    let refusals = 0;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const token = await credentials?.token();
      const extensions = cursor ? { lastEventId: cursor } : undefined;
      let after: number | undefined;
      try {
        for await (const message of stream({ query, variables, extensions }, token, signal)) {
          if (signal.aborted) return; // what had arrived by then is not told any more, and comes again by the cursor
          cursor = message.cursor ?? cursor;
          const told = readPayload<Data>(message.payload);
          const code = told.problems[0]?.code ?? "";
          if (told.data === null && code === "UNAUTHENTICATED" && refusals++ === 0) {
            if (await credentials?.renew?.(token)) throw new Error(code);
          }
          if (told.data === null && CONNECTION.includes(code)) {
            after = told.problems[0]?.retryAfter;
            throw new Error(code);
          }
          yield { ...told, cursor };
          if (told.data === null && !told.ok) return;
          attempt = refusals = 0;
        }
        return;
      } catch (problem) {
        if (signal.aborted) return;
        // A socket says by its code that the token is over; whoever has another one comes back at once.
        if ((problem as CloseEvent)?.code === 4403) {
          const renewed = refusals++ === 0 && (await credentials?.renew?.(token));
          if (!renewed) {
            const message = (problem as CloseEvent).reason;
            yield { ok: false, data: null, problems: [{ code: "UNAUTHENTICATED", message, path: [] }], cursor };
            return;
          }
        }
      }
      await pauseBefore(attempt, retries, after, signal).catch(() => undefined);
    }
  }

  /** Send a file; its `id` goes into `attachments` of a mutation. */
  upload(file: Blob, { clientId, ...options }: UploadOptions = {}): Promise<Result<Uploaded>> {
    const { fetch: send = fetch } = this.options;
    const headers = { "content-type": file.type || "application/octet-stream", ...this.#headers() };
    return this.#persist(true, options.signal, (authorization) => {
      const who = clientId && !authorization.authorization ? { "x-client-id": clientId } : authorization;
      return sendFile(send, `${this.#address}/attachments`, file, { ...options, headers: { ...headers, ...who } });
    });
  }

  #ask<Data>(
    query: string,
    variables: object,
    repeatable: boolean,
    { signal }: RequestOptions = {},
  ): Promise<Result<Data>> {
    const { fetch: send = fetch } = this.options;
    const headers = { accept: "application/graphql-response+json, application/json", ...this.#headers() };
    return this.#persist(repeatable, signal, (authorization) => {
      const seen: Record<string, string> = this.#position ? { [POSITION]: this.#position } : {};
      return postJson(
        send,
        `${this.#address}/graphql`,
        { query, variables },
        { ...headers, ...seen, ...authorization },
        signal,
      );
    });
  }

  /** Attempt something until it has an answer that further attempts would not change. */
  async #persist(
    repeatable: boolean,
    signal: AbortSignal | undefined,
    attempt: (authorization: Record<string, string>) => Promise<Reply>,
  ): Promise<Result<any>> {
    const { credentials, retries = {} } = this.options;
    let renewed = false;
    for (let count = 1; ; count++) {
      const token = await credentials?.token();
      const { status, payload, retryAfter, position } = await attempt(token ? { authorization: `Bearer ${token}` } : {});
      // The furthest: replies may overtake each other. With it, what was changed here is read, whichever server of the
      // database answers; where an answer was lost nobody knows, and the one that is written to answers.
      if (!status) this.#position = undefined;
      else if (position && Number(position) > Number(this.#position ?? -1)) this.#position = position;
      const found = readPayload<any>(payload);
      if (found.ok) return found;
      const [first] = found.problems;
      first.retryAfter ??= retryAfter;
      // Once: a second refusal is not about the age of the token.
      if (first.code === "UNAUTHENTICATED" && !renewed && (await credentials?.renew?.(token))) renewed = true;
      else if (!repeatable || !isPassing(found) || count >= (retries.attempts ?? 5)) return found;
      else await pauseBefore(count - 1, retries, first.retryAfter, signal);
    }
  }

  #headers(): Record<string, string> {
    const { credentials, language } = this.options;
    return { ...credentials?.headers, ...(language && { "accept-language": language }) };
  }

  #stream(over: "events" | "socket"): Stream {
    const { fetch: send = fetch, credentials, webSocket } = this.options;
    const address = `${this.#address}/graphql`;
    return (this.#streams[over] ??=
      over === "events"
        ? overEvents(send, address, () => this.#headers())
        : overSocket(address.replace(/^http/, "ws"), async (token) => credentials?.renew?.(token), webSocket));
  }
}
