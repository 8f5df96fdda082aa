// Case loading: one's own case, by its receipt or by one's account, with what plugins add to it.
import type { Problem } from "@gongzhi/client";
import { askOnce } from "../../session";
import { BY_RECEIPT, BY_RECEIPT_ADDED, OWN_CASE, OWN_CASE_ADDED } from "./documents";
import type { Action } from "../../actions";
import type { Receipt } from "./kept";

export interface Clock {
  stage: string;
  dueAt: string | null;
  stoppedAt: string | null;
  paused: boolean;
}

export interface Followed {
  number: string;
  title: string;
  description: string;
  kind: string;
  status: string;
  overdue: boolean;
  dueAt: string | null;
  reportedAt: string;
  rating: number | null;
  solved: boolean | null;
  category: { name: string } | null;
  grid: { path: { name: string; kind: string }[]; gridWorker: { name: string; dutyPhone: string | null } | null } | null;
  leadUnit: { name: string } | null;
  reply: { text: string; at: string } | null;
  attachments: { id: string; url: string; thumbnailUrl: string | null; at: string }[];
  timeline: { id: string; at: string; title: string; text: string | null; note: string | null; unit: { name: string } | null }[];
  /** Of who is signed in. */
  version?: number;
  actions?: Action[];
  mayRate?: boolean | null;
  clocks?: Clock[] | null;
}

/** Null where there is none: a wrong code and a wrong number look the same. */
export async function loadFollowed(number: string, receipt: Receipt | null): Promise<{ found: Followed | null; problems: readonly Problem[] }> {
  const variables = receipt ? { number, receiptCode: receipt.code } : { number };
  const [core, added] = await Promise.all([
    askOnce<{ case: Followed | null }>(receipt ? BY_RECEIPT : OWN_CASE, variables),
    askOnce<{ case: Partial<Followed> | null }>(receipt ? BY_RECEIPT_ADDED : OWN_CASE_ADDED, variables),
  ]);
  const found = core.data?.case ?? null;
  return { found: found && { ...found, ...added.data?.case }, problems: core.problems };
}
