// Known: what reports need without a network, which is names of places and subjects, and never anything about people.
import { signal } from "@preact/signals";
import { giveLabels, loadLabels, namesOf, readLabels, type Label } from "../../labels";
import { ask, ownGrids } from "../../session";
import { CATEGORIES, KNOWN } from "./documents";
import { noteOwner, type Owner } from "./shelf";

interface Named {
  code: string;
  name: string;
}

export interface Known {
  /** One's own grids, and below each those that lie in it. */
  grids: (Named & { below: Named[] })[];
  categories: (Named & { group: string })[];
  labels: [string, readonly Label[]][];
}

const LABELS = ["CaseKind", "CaseUrgency", "CaseStatus", "Case", "Light", "HouseholdRelation", "ServiceTier", "Gender", "NeedTag"];
const PLAIN = ["roles", "reasons"];

export const known = signal<Known>({ grids: [], categories: [], labels: [] });

/** Take what this device keeps of it. */
export function recallKnown(owner: Owner): void {
  const kept = owner.known as Known | undefined;
  if (!kept) return;
  known.value = kept;
  giveLabels(kept.labels);
}

/** Load it anew, and keep it for a time without a network. */
export async function loadKnown(owner: Owner | undefined): Promise<void> {
  const [found, ...grids] = await Promise.all([
    ask<{ categories: { nodes: (Named & { parent: Named | null; validTo: string | null })[] } }>(CATEGORIES),
    ...ownGrids().map(({ code }) => ask<{ grid: (Named & { children: { nodes: Named[] } }) | null }>(KNOWN, { grid: code })),
    loadLabels([...LABELS, ...PLAIN]).then(() => undefined),
  ] as const);
  if (!found.data?.categories) return;
  known.value = {
    categories: found.data.categories.nodes
      .filter(({ validTo }) => validTo === null)
      .map(({ code, name, parent }) => ({ code, name, group: parent?.name ?? name })),
    grids: grids.flatMap((answer) => answer?.data?.grid ?? []).map(({ children, ...grid }) => ({ ...grid, below: children.nodes })),
    labels: readLabels([...LABELS, ...PLAIN]),
  };
  if (owner) await noteOwner({ ...owner, at: Date.now(), known: known.value });
}

/** The kinds of cases that a worker reports: a tip-off is sealed, and goes its own way. */
export const kinds = (): string[] => namesOf("CaseKind").filter((name) => name !== "TIP_OFF");
