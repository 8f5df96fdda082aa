// Session: somebody who has signed in with a password, and whose tokens are renewed in time.
import { pauseBefore, isPassing, type Retries } from "./retrying.js";
import { postJson } from "./requests.js";
import { fail, succeed, type Result } from "./results.js";

/** Who asks. A session is one; for a token that does not change, such as an API key, write `{ token: () => key }`. */
export interface Credentials {
  /** Return the token to send; none for a stranger, and where cookies tell. */
  token(): string | undefined | Promise<string | undefined>;
  /** Called with a token that the server refused, if there was one: say whether it is worth asking again now. */
  renew?(refused?: string): Promise<boolean>;
  /** What every request has beside the token. */
  headers?: Record<string, string>;
}

/** What is kept of a session; of one that has ended the device's token alone. */
export interface Tokens {
  accessToken?: string;
  refreshToken?: string;
  deviceToken?: string;
  /** When the access token ends, in milliseconds. */
  expires?: number;
}

/** Where tokens are kept: in an app the system's key store. */
export interface TokenStore {
  read(): Tokens | undefined | Promise<Tokens | undefined>;
  write(tokens: Tokens): void | Promise<void>;
}

interface Opened {
  accessToken: string;
  refreshToken: string;
  deviceToken?: string;
  expiresIn: number;
}

export interface SessionOptions {
  /** The server's address, such as `https://gongzhi.example.org`; in a page of its own host nothing. */
  address?: string;
  /** Where tokens are kept; if nothing is said, in memory. */
  store?: TokenStore;
  retries?: Retries;
  fetch?: typeof fetch;
}

/** Milliseconds before its end at which a token is renewed. */
const EARLY = 60_000;

/** Keeps tokens for as long as the page is open. */
export function keepInMemory(tokens: Tokens = {}): TokenStore {
  return { read: () => tokens, write: (given) => void (tokens = given) };
}

/** The ways into a session, and its renewal, wherever its tokens are kept. */
abstract class SignIn {
  protected renewing: Promise<boolean> | undefined;

  protected abstract open(path: string, given: object): Promise<Result<void>>;
  /** Post as whoever is signed in. */
  protected abstract send<Data>(path: string, given: object): Promise<Result<Data>>;
  protected abstract renewOnce(refused?: string): Promise<boolean>;

  /** Sign in. It is not tried again by itself: after `RATE_LIMITED` show `retryAfter`, and let people wait. */
  signIn(given: { name: string; password: string; device?: string }) {
    return this.open("sign-in", given);
  }

  /**
   * The second step of the three ways in, after `SECOND_FACTOR_REQUIRED`: a code of the second factor, or a recovery code.
   * `SECOND_FACTOR_REQUIRED` again means that the code was wrong, `UNAUTHENTICATED` to begin anew.
   */
  answerChallenge(given: { challenge: string; code: string }) {
    return this.open("second-factor", given);
  }

  /** Begin to add a second factor by one's password, or to renew it by a `code`: show the secret, also as `uri` for a QR code. */
  beginSecondFactor(given: { password?: string; code?: string }) {
    return this.send<{ secret: string; uri: string; enrolment: string }>("second-factor/enrolment", given);
  }

  /** Add the second factor, by a code of the secret that was shown; recovery codes are shown once. Other sessions end. */
  confirmSecondFactor(given: { enrolment: string; code: string }) {
    return this.send<{ recoveryCodes: string[] }>("second-factor/confirmation", given);
  }

  /** Have other recovery codes, which are shown once; those before are void. */
  renewRecoveryCodes(given: { code: string }) {
    return this.send<{ recoveryCodes: string[] }>("second-factor/recovery-codes", given);
  }

  /** Take the second factor away, by a code of it or a recovery code. */
  removeSecondFactor(given: { code: string }) {
    return this.send<object>("second-factor/removal", given);
  }

  /** Give oneself another password; all other sessions end. */
  changePassword(given: { name: string; password: string; newPassword: string }) {
    return this.open("password", given);
  }

  /** Set a password with the code of an invitation; `name` is for a new account. */
  acceptInvitation(given: { code: string; password: string; name?: string }) {
    return this.open("invitation", given);
  }

  /** Renew the session. All who ask at the same time, tabs of one browser included, share one renewal. */
  renew(refused?: string): Promise<boolean> {
    return (this.renewing ??= exclusively(() => this.renewOnce(refused)).finally(() => (this.renewing = undefined)));
  }
}

export class Session extends SignIn implements Credentials {
  #store: TokenStore;

  constructor(private options: SessionOptions = {}) {
    super();
    this.#store = options.store ?? keepInMemory();
  }

  /** End the session here at once, and on the server if it can be reached. */
  async signOut(): Promise<Result<void>> {
    const { refreshToken, deviceToken } = await this.#read();
    await this.#store.write({ deviceToken });
    return refreshToken ? this.#post("sign-out", { refreshToken }) : succeed(undefined);
  }

  async token() {
    const { accessToken, expires = 0 } = await this.#read();
    if (accessToken && Date.now() > expires - EARLY) await this.renew(accessToken);
    return (await this.#read()).accessToken;
  }

  protected async renewOnce(refused?: string): Promise<boolean> {
    const { accessToken, refreshToken, deviceToken } = await this.#read();
    if (accessToken !== refused) return accessToken !== undefined; // another tab was faster
    if (!refreshToken) return false;
    const found = await persist(() => this.#post<Opened>("refresh", { refreshToken }), this.options.retries);
    // Whoever has signed out or in meanwhile is not brought back into the session that was renewed.
    if ((await this.#read()).refreshToken !== refreshToken) return false;
    if (found.ok) await this.#keep(found.data);
    else if (!isPassing(found)) await this.#store.write({ deviceToken }); // else the network is away: kept for later
    return found.ok;
  }

  protected async open(path: string, given: object): Promise<Result<void>> {
    const { deviceToken } = await this.#read();
    const found = await this.#post<Opened>(path, { ...given, deviceToken });
    if (!found.ok) return { ...found, data: null };
    await this.#keep({ ...found.data, deviceToken: found.data.deviceToken ?? deviceToken });
    return succeed(undefined);
  }

  protected async send<Data>(path: string, given: object): Promise<Result<Data>> {
    const token = await this.token();
    return postAuth(this.options, path, given, token ? { authorization: `Bearer ${token}` } : {});
  }

  async #keep({ accessToken, refreshToken, deviceToken, expiresIn }: Opened) {
    deviceToken ??= (await this.#read()).deviceToken;
    await this.#store.write({ accessToken, refreshToken, deviceToken, expires: Date.now() + expiresIn * 1000 });
  }

  async #read(): Promise<Tokens> {
    return (await this.#store.read()) ?? {};
  }

  #post<Data>(path: string, body: object): Promise<Result<Data>> {
    return postAuth(this.options, path, body);
  }
}

/**
 * A session in cookies that scripts cannot read, for pages of the server's own host: no token is anywhere in the page.
 * Sockets know nothing of it; subscribe over events.
 */
export class BrowserSession extends SignIn implements Credentials {
  readonly headers = { "x-gongzhi-session": "cookie" };

  constructor(private options: Omit<SessionOptions, "store"> = {}) {
    super();
  }

  /** End the session; the browser forgets it with the answer. */
  async signOut(): Promise<Result<void>> {
    // The answer of a renewal has cookies, and would begin the session anew if it came second.
    await this.renewing;
    return exclusively(() => this.open("sign-out", {}));
  }

  token() {
    return undefined;
  }

  protected async renewOnce() {
    return (await persist(() => this.open("refresh", {}), this.options.retries)).ok;
  }

  protected async open(path: string, body: object): Promise<Result<void>> {
    const found = await this.send<unknown>(path, body);
    return found.ok ? succeed(undefined) : { ...found, data: null };
  }

  protected send<Data>(path: string, body: object): Promise<Result<Data>> {
    return postAuth(this.options, path, body, this.headers);
  }
}

/** Renew, again while that may help: the same token may come twice within a minute, so an answer may be lost. */
async function persist<Data>(attempt: () => Promise<Result<Data>>, retries: Retries = {}): Promise<Result<Data>> {
  for (let count = 0; ; count++) {
    const found = await attempt();
    if (found.ok || !isPassing(found) || count === 3) return found;
    await pauseBefore(count, retries, found.problems[0].retryAfter);
  }
}

async function postAuth<Data>(
  { address = "", fetch: send = fetch }: SessionOptions,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Result<Data>> {
  const { status, payload, retryAfter } = await postJson(send, `${address}/auth/${path}`, body, headers);
  if (status === 200) return succeed(payload as Data);
  const { message, extensions } = payload.errors?.[0] ?? {};
  const found = fail<Data>(extensions?.code ?? "UNKNOWN", message ?? "", extensions?.retryAfter ?? retryAfter);
  if (!found.ok) Object.assign(found.problems[0], { path: extensions?.path ?? [], challenge: extensions?.challenge });
  return found;
}

/** Run something while no other tab of this browser does, where tabs can agree on that. */
async function exclusively<Done>(work: () => Promise<Done>): Promise<Done> {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request("gongzhi-session", work) : work();
}
