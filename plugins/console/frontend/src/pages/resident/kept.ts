// Kept: what people wrote while the page is open, and receipts that they had this browser remember. Nothing else.
import { signal } from "@preact/signals";
import { makeKey } from "@gongzhi/client/keys.js";
import { load, save } from "../../storage";

export interface Receipt {
  number: string;
  code: string;
}

export interface Located {
  longitude: number;
  latitude: number;
  name: string;
}

export interface Draft {
  kind: string;
  category: string;
  words: string;
  /** Codes of the grids that were chosen, from the county down. */
  grids: string[];
  place: Located | null;
  address: string;
  anonymous: boolean;
  files: File[];
}

export const EMPTY: Draft = {
  kind: "HELP",
  category: "other",
  words: "",
  grids: [],
  place: null,
  address: "",
  anonymous: false,
  files: [],
};

/** In memory alone: it outlives a change of pages and a lost network, not the tab. */
export const draft = signal<Draft>(EMPTY);
/** The receipt that is open; never in the address, which browsers and shared screens remember. */
export const opened = signal<Receipt | null>(null);

export const receipts = signal<Receipt[]>(load<Receipt[]>("receipts") ?? []);

export function remember(receipt: Receipt): void {
  receipts.value = [receipt, ...receipts.value.filter(({ number }) => number !== receipt.number)];
  save("receipts", receipts.value);
}

export function forget(number: string): void {
  receipts.value = receipts.value.filter((one) => one.number !== number);
  save("receipts", receipts.value.length > 0 ? receipts.value : null);
}

/** What the server knows a stranger's uploads by: made anew with each tab, so that it tells nobody apart later. */
export const clientId = makeKey();

/** Keys by what is sent: the same input, sent again after an answer was lost, is done once. */
const keys = new Map<string, string>();

export function keyFor(name: string, input: object): string {
  const text = name + JSON.stringify(input);
  const key = keys.get(text) ?? makeKey();
  keys.set(text, key);
  return key;
}
