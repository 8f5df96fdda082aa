// Who asks: in development a role in a place, by a token that the server issues; in production a token of one's own.
import { signal } from "@preact/signals";
import { load, save } from "./storage";
import { language } from "./words";

export interface Role {
  name: string;
  chinese: string;
  description: string;
}

export interface Place {
  role: string;
  grid: string;
  unit: string;
}

export const STRANGER: Place = { role: "", grid: "", unit: "" };
const FIRST: Place[] = [
  { role: "county_dispatcher", grid: "610921", unit: "" }, // the demo county
  { role: "administrator", grid: "", unit: "" },
];

export const roles = signal<Role[]>([]);
export const acting = signal<Place>(STRANGER);
/** In memory alone. */
export const token = signal("");

export function acceptLanguage(): string {
  return language.value === "zh" ? "zh-CN" : "en";
}

/** Learn the roles, which only a server in development tells, and go on in the place one had. */
export async function openDevelopment(): Promise<void> {
  const reply = await fetch("/auth/development-roles");
  if (!reply.ok) return;
  roles.value = ((await reply.json()) as { roles: Role[] }).roles.filter((role) => role.name !== "stranger");
  const kept = load<Place>("place");
  for (const place of kept ? [kept, ...FIRST] : FIRST) if (await switchTo(place)) return;
}

/** Act in a place; false if the server has no such role, grid or unit. */
export async function switchTo(place: Place): Promise<boolean> {
  if (place.role === "") {
    token.value = "";
  } else {
    const given = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== ""));
    const reply = await fetch("/auth/development-token", {
      method: "POST",
      headers: { "content-type": "application/json", "accept-language": acceptLanguage() },
      body: JSON.stringify(given),
    });
    if (!reply.ok) return false;
    token.value = ((await reply.json()) as { accessToken: string }).accessToken;
  }
  acting.value = place;
  save("place", place);
  return true;
}
