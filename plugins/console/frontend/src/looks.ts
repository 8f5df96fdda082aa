// Looks: language, large type and colours, as this browser was told last time.
import { effect, signal } from "@preact/signals";
import { load, save } from "./storage";
import { language } from "./words";

export type Theme = "system" | "light" | "dark";

export const large = signal(load<boolean>("large") ?? false);
export const theme = signal<Theme>(load<Theme>("theme") ?? "system");

/** Keep the page's element in step with what was chosen; styles hang on it. */
export function followLooks(): void {
  effect(() => {
    const root = document.documentElement;
    root.lang = language.value === "zh" ? "zh-CN" : "en";
    root.dataset.type = large.value ? "large" : "normal";
    root.dataset.theme = theme.value;
    save("large", large.value);
    save("theme", theme.value);
  });
}
