// Times: moments as people read them, in China's time wherever the browser is.
import { language } from "./words";

const ZONE = "Asia/Shanghai";
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

const locale = (): string => (language.value === "zh" ? "zh-CN" : "en-GB");

export function showMoment(at: string): string {
  const options = { timeZone: ZONE, dateStyle: "medium", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(locale(), options).format(new Date(at));
}

/** What the clock shows, with seconds. */
export function showTime(at: Date): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: ZONE, timeStyle: "medium" }).format(at);
}

/** The day in China now, or so many days on, as filters take it. */
export const chinaDay = (ahead = 0): string => isoText({}, Date.now() + ahead * UNITS[0]![1]);

/** The day and the minute in China now, as an input of a moment has it. */
export const chinaMinute = (): string => isoText({ dateStyle: "short", timeStyle: "short" }, Date.now()).replace(" ", "T");

// Sweden writes days and times as ISO 8601 does.
const isoText = (options: Intl.DateTimeFormatOptions, at: number): string =>
  new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: ZONE }).format(at);

/** A day, which is China's wherever the browser is. */
export function showDay(day: string): string {
  return new Intl.DateTimeFormat(locale(), { timeZone: "UTC", dateStyle: "medium" }).format(new Date(`${day}T00:00:00Z`));
}

/** How far off a moment is, in the largest unit that fits: 2小时后, 3天前. */
export function showDistance(at: string, now = Date.now()): string {
  const distance = Date.parse(at) - now;
  const [unit, length] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? UNITS[2]!;
  return new Intl.RelativeTimeFormat(locale(), { numeric: "always" }).format(Math.trunc(distance / length), unit);
}
