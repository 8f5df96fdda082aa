// Asking: what a panel shows, loaded when it is opened, by a button, after an action, and quietly each half minute.
import { useEffect, useRef, useState } from "preact/hooks";
import { onChange } from "../../live";
import { ask, checkSession } from "../../session";
import { language, say } from "../../words";

/** Milliseconds after which what is on the screen is loaded again. */
const OFTEN = 30_000;

export interface Asked<Data> {
  data: Data | undefined;
  /** Why the last attempt came to nothing; what was loaded before stays. */
  failed: string;
  at: Date | null;
  load: () => Promise<void>;
}

/** Ask a document of one object or list. `shown` tells whether the answer has it: strangers get nothing, without a word. */
export function useAsked<Data>(document: string, variables: object, shown: (data: Data) => boolean): Asked<Data> {
  const [data, setData] = useState<Data>();
  const [failed, setFailed] = useState("");
  const [at, setAt] = useState<Date | null>(null);
  const text = JSON.stringify(variables);
  // The last that was asked: an answer to another question, or to an older one, is not shown.
  const last = useRef(0);

  const load = async () => {
    const mine = ++last.current;
    const found = await ask<Data>(document, variables);
    if (mine !== last.current) return;
    if (found.data && shown(found.data)) {
      setData(found.data);
      setAt(new Date());
      return setFailed("");
    }
    const problem = found.ok ? undefined : found.problems[0];
    const refused = !problem || problem.code === "FORBIDDEN";
    setFailed(refused ? say("noRights") : problem.message);
    if (refused) void checkSession();
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => {
      if (globalThis.document.visibilityState === "visible") void load();
    }, OFTEN);
    const forget = onChange((numbers) => {
      if (numbers === null) void load();
    });
    return () => {
      last.current++;
      clearInterval(timer);
      forget();
    };
  }, [document, text, language.value]);
  return { data, failed, at, load };
}
