// Periods: the days of a digest's period, the one before and after, and the days that its chart has.

export type Period = "DAY" | "WEEK" | "MONTH" | "QUARTER";
export const PERIODS: Period[] = ["DAY", "WEEK", "MONTH", "QUARTER"];

const DAY = 86_400_000;
const read = (day: string): Date => new Date(`${day}T00:00:00Z`);
const write = (date: Date): string => date.toISOString().slice(0, 10);

export const addDays = (day: string, days: number): string => write(new Date(read(day).getTime() + days * DAY));

/** The first day of the month so many months on. */
export function addMonths(day: string, months: number): string {
  const date = read(day);
  return write(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)));
}

/** The first and the last day of the period that a day lies in, as the server reckons them: weeks begin on Monday. */
export function daysOf(period: Period, at: string): { since: string; until: string } {
  if (period === "DAY") return { since: at, until: at };
  if (period === "WEEK") {
    const since = addDays(at, -((read(at).getUTCDay() + 6) % 7));
    return { since, until: addDays(since, 6) };
  }
  const months = period === "MONTH" ? 1 : 3;
  const since = addMonths(at, period === "MONTH" ? 0 : -(read(at).getUTCMonth() % 3));
  return { since, until: addDays(addMonths(since, months), -1) };
}

/** A day in the period so many periods on. */
export function movePeriod(period: Period, at: string, by: number): string {
  const { since } = daysOf(period, at);
  if (period === "DAY" || period === "WEEK") return addDays(since, by * (period === "DAY" ? 1 : 7));
  return addMonths(since, by * (period === "MONTH" ? 1 : 3));
}

/** What the chart of a period shows: so many like it, or the months of as many, up to its own end. */
export function chartOf(period: Period, at: string): { since: string; bucket: "DAY" | "WEEK" | "MONTH" } {
  const many = { DAY: 13, WEEK: 11, MONTH: 11, QUARTER: 3 }[period];
  const bucket = ({ DAY: "DAY", WEEK: "WEEK", MONTH: "MONTH", QUARTER: "MONTH" } as const)[period];
  return { since: daysOf(period, movePeriod(period, at, -many)).since, bucket };
}

export const isDay = (text: string | null): text is string => text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(read(text).getTime());
