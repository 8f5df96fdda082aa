// Second factor: add it, renew it, have other recovery codes, and remove it.
import { useState } from "preact/hooks";
import type { Result } from "@gongzhi/client";
import { encode } from "uqr";
import { cookies } from "../../session";
import { showMoment } from "../../times";
import { say } from "../../words";
import { CodeField, Form, PasswordField } from "./form";
import { tell } from "./words";

interface Begun {
  secret: string;
  uri: string;
  enrolment: string;
}

export interface Factor {
  since: string | null;
  left: number | null;
}

/** Recovery codes at which their owner is told that few are left. */
const FEW = 3;

interface Given {
  factor: Factor;
  /** Called when the factor has changed. */
  changed: (said: string) => Promise<void>;
}

export function SecondFactor({ factor, changed }: Given) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const begin = (found: Result<Begun>) => {
    if (found.ok) setBegun(found.data);
    return found;
  };
  const show = (found: Result<{ recoveryCodes: string[] }>) => {
    if (!found.ok) return found;
    setBegun(null);
    setCodes(found.data.recoveryCodes);
    return found;
  };
  // Nothing is loaded before they are kept: whoever had to add a factor would be led away from them.
  const keep = () => {
    setCodes(null);
    void changed(factor.since ? "" : tell("added"));
  };
  if (codes) return <Sheet codes={codes} kept={keep} />;
  if (begun) {
    const { enrolment } = begun;
    const confirm = async (code: string) => show(await cookies.confirmSecondFactor({ enrolment, code }));
    return <Secret begun={begun} confirm={confirm} cancel={() => setBegun(null)} />;
  }
  if (!factor.since) {
    return (
      <>
        <p>{tell("without")}</p>
        <Form
          id="begin-factor"
          does={[{ text: tell("begin"), main: true, send: async ({ own = "" }) => begin(await cookies.beginSecondFactor({ password: own })) }]}
        >
          <PasswordField id="own" text={tell("own")} now="current" />
        </Form>
      </>
    );
  }
  const remove = async (code: string) => {
    const found = await cookies.removeSecondFactor({ code });
    if (found.ok) await changed(tell("removed"));
    return found;
  };
  return (
    <>
      <p id="factor-since">
        {tell("since")} {showMoment(factor.since)} · {tell("left")} {factor.left}
      </p>
      {(factor.left ?? 0) <= FEW && <p class="notice">{tell("few")}</p>}
      <Form
        id="change-factor"
        does={[
          { text: tell("renew"), send: async ({ code = "" }) => begin(await cookies.beginSecondFactor({ code })) },
          { text: tell("newCodes"), send: async ({ code = "" }) => show(await cookies.renewRecoveryCodes({ code })) },
          { text: tell("removeIt"), send: ({ code = "" }) => remove(code) },
        ]}
      >
        <CodeField id="factor-code" text={tell("codeOrRecovery")} />
      </Form>
    </>
  );
}

function Secret({ begun, confirm, cancel }: { begun: Begun; confirm: (code: string) => Promise<Result<unknown>>; cancel: () => void }) {
  return (
    <>
      <p>{tell("scan")}</p>
      <QrCode text={begun.uri} />
      <p>
        {tell("secret")} <code id="secret">{begun.secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>
      </p>
      <p>
        <a href={begun.uri}>{tell("onPhone")}</a>
      </p>
      <p>{tell("enter")}</p>
      <Form id="confirm-factor" does={[{ text: tell("confirm"), main: true, send: ({ code = "" }) => confirm(code) }]}>
        <CodeField id="new-code" text={tell("code")} digits />
      </Form>
      <button type="button" onClick={cancel}>
        {say("cancel")}
      </button>
    </>
  );
}

/** The code as one path: no picture is fetched, and nothing of the secret leaves the page. */
function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg class="qr" role="img" aria-label={tell("qr")} viewBox={`0 0 ${size} ${size}`}>
      <path class="ground" d={`M0 0h${size}v${size}H0z`} />
      <path d={path} />
    </svg>
  );
}

function Sheet({ codes, kept }: { codes: string[]; kept: () => void }) {
  return (
    <>
      <h3>{tell("codes")}</h3>
      <p>{tell("keep")}</p>
      <ol class="codes" id="recovery-codes">
        {codes.map((code) => (
          <li>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <div class="buttons unprinted">
        <button type="button" class="main" onClick={() => print()}>
          {say("print")}
        </button>
        <button type="button" onClick={kept}>
          {tell("kept")}
        </button>
      </div>
    </>
  );
}
