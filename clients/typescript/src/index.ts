// A client of Gongzhi (共治) for pages, mini-apps and programs.
export { Client } from "./client.js";
export type { ClientOptions, FollowOptions, RequestOptions, Told, UploadOptions, Uploaded } from "./client.js";
export type { Document, DocumentTypes, Keyless, Print } from "./documents.js";
export type { ErrorCode } from "./generated.js";
export { keepInBrowser, OfflineQueue } from "./queue.js";
export type { Entry, EntryStore, QueueOptions, Synced } from "./queue.js";
export type { Problem, Result } from "./results.js";
export type { Retries } from "./retrying.js";
export { BrowserSession, keepInMemory, Session } from "./session.js";
export type { Credentials, SessionOptions, Tokens, TokenStore } from "./session.js";
