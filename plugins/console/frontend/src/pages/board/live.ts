// Live: asks for the figures anew when something has happened to cases, once a second at most, and now and then anyway.
import { onChange } from "../../live";

/** Milliseconds in which changes are gathered: many cases at once are one look at the figures, which follow them. */
export const GATHERED = 1_000;
/** For whoever may see figures and no cases, and so hears of nothing; and for what figures have counted since. */
const ANYWAY = 30_000;

/** Refresh until the returned function is called. */
export function followFigures(refresh: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = Promise.resolve();
  const gather = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      turn = turn.then(refresh);
    }, GATHERED);
  };
  const forget = onChange(gather);
  const anyway = setInterval(() => {
    if (!document.hidden) gather();
  }, ANYWAY);
  return () => {
    clearTimeout(timer);
    clearInterval(anyway);
    forget();
  };
}
