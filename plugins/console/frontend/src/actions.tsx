// Actions: what one may do to an object, each a button, and what not, with the reason.
import type { ComponentChildren } from "preact";
import { label } from "./labels";
import { say } from "./words";

export interface Action {
  name: string;
  label: string;
  allowed: boolean;
  reason: string | null;
}

export function Actions({ actions, choose }: { actions: Action[]; choose: (action: Action) => void }) {
  const allowed = actions.filter((action) => action.allowed);
  const refused = actions.filter((action) => !action.allowed);
  return (
    <section class="actions unprinted" aria-labelledby="actions-title">
      <h2 id="actions-title">{say("actions")}</h2>
      {allowed.length === 0 && <p>{say("noActions")}</p>}
      <div class="buttons">
        {allowed.map((action) => (
          <button type="button" key={action.name} data-action={action.name} onClick={() => choose(action)}>
            {action.label}
          </button>
        ))}
        <button type="button" onClick={() => print()}>
          {say("print")}
        </button>
      </div>
      {refused.length > 0 && (
        <details id="refused">
          <summary>{say("refused")}</summary>
          <dl>
            {refused.map((action) => (
              <div data-action={action.name}>
                <dt>{action.label}</dt>
                <dd>{label("reasons", action.reason ?? "")}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

export function Section({ title, id, children }: { title: string; id: string; children: ComponentChildren }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

