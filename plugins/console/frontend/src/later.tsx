// Later: a page whose script is loaded when it is opened.
import type { ComponentType, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "./failure";
import { offline } from "./session";
import { say } from "./words";

/** Make a component of one that is loaded when it is first shown. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): FunctionComponent<Props> {
  let Loaded: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [state, setState] = useState<"loading" | "loaded" | "failed">("loading");
    const fetchScript = async (again: boolean) => {
      try {
        Loaded = await load();
        setState("loaded");
      } catch {
        // Scripts lie at addresses with their hash: after an update of the server those of an open page are gone.
        if (again && !offline.value) location.reload();
        setState("failed");
      }
    };
    useEffect(() => {
      if (!Loaded) void fetchScript(false);
    }, []);
    if (Loaded) return <Loaded {...props} />;
    if (state === "failed") return <Failure message={say("noScript")} again={() => void fetchScript(true)} />;
    return <p class="quiet">{say("loading")}</p>;
  };
}
