// Form: a few fields, what was wrong with them, and buttons that each do something with them.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Problem, Result } from "@gongzhi/client";
import { say } from "../../words";

export type Given = Record<string, string>;

interface Doing {
  text: string;
  /** What it does; a text that comes back is what is wrong. */
  send: (given: Given) => Promise<Result<unknown> | string>;
  main?: boolean;
}

export function Form({ id, does, children }: { id: string; does: Doing[]; children: ComponentChildren }) {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const chosen = does[Number((event.submitter as HTMLButtonElement | null)?.value ?? 0)] ?? does[0]!;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    setBusy(true);
    setWrong("");
    const found = await chosen.send(given);
    setBusy(false);
    if (typeof found === "string") setWrong(found);
    else if (!found.ok) setWrong(tellProblem(found.problems[0]));
  };
  return (
    <form id={id} class="plain" onSubmit={(event) => void submit(event)}>
      {children}
      <p class="error" role="alert" id={`${id}-error`}>
        {wrong}
      </p>
      <div class="buttons">
        {does.map(({ text, main }, at) => (
          <button class={main ? "main" : undefined} value={at} disabled={busy}>
            {text}
          </button>
        ))}
      </div>
    </form>
  );
}

function tellProblem({ code, message, retryAfter }: Problem): string {
  if (code === "NETWORK") return say("offline");
  return retryAfter ? `${message} ${retryAfter} ${say("wait")}` : message;
}

export function PasswordField({ id, text, now }: { id: string; text: string; now: "current" | "new" }) {
  return (
    <>
      <label for={id}>{text}</label>
      <input id={id} name={id} type="password" required autocomplete={`${now}-password`} />
    </>
  );
}

/** A field for a code; where a recovery code will do as well, a telephone must have letters for it. */
export function CodeField({ id, text, digits = false }: { id: string; text: string; digits?: boolean }) {
  return (
    <>
      <label for={id}>{text}</label>
      <input
        id={id}
        name="code"
        required
        autocomplete="one-time-code"
        inputMode={digits ? "numeric" : "text"}
        autocapitalize="characters"
        spellcheck={false}
      />
    </>
  );
}
