// Entry: a small form of one text, whose content is kept on the device and sent from there.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { colon, say } from "../../words";
import { tell } from "./words";

interface Given {
  id: string;
  title: string;
  label: string;
  /** A text that need not be there. */
  optional?: boolean;
  save: (text: string) => Promise<void>;
  children?: ComponentChildren;
  onClose?: () => void;
}

export function Entry({ id, title, label, optional = false, save, children, onClose }: Given) {
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const [done, setDone] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setDone(false);
    if (!optional && text.trim() === "") {
      setError(`${say("fillIn")}${colon()}${label}`);
      document.getElementById(`${id}-text`)?.focus();
      return;
    }
    try {
      await save(text.trim());
      setError("");
      setText("");
      setDone(true);
      onClose?.();
    } catch {
      setError(tell("full"));
    }
  };
  return (
    <form class="card" id={id} noValidate aria-labelledby={`${id}-title`} onSubmit={(event) => void submit(event)}>
      <h2 id={`${id}-title`}>{title}</h2>
      <div class="field">
        <label for={`${id}-text`}>{label}</label>
        <textarea
          id={`${id}-text`}
          rows={3}
          value={text}
          aria-invalid={error !== ""}
          aria-required={!optional}
          aria-describedby={error ? `${id}-error` : undefined}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      </div>
      {children}
      <p class="buttons">
        <button class="main">{say("submit")}</button>
        {onClose && (
          <button type="button" onClick={onClose}>
            {say("cancel")}
          </button>
        )}
      </p>
      <p role="status">{done && tell("saved")}</p>
    </form>
  );
}
