// Receipt: number and code, to copy, print or remember, and a telephone number for whoever wants to be called.
import { useState } from "preact/hooks";
import { changeOnce } from "../../session";
import { label } from "../../labels";
import { CONFIRM_PHONE, LEAVE_PHONE } from "./documents";
import { forget, keyFor, receipts, remember, type Receipt } from "./kept";
import { Block, Wrong, explain } from "./parts";
import { tell } from "./words";

export interface Similar {
  category: { name: string } | null;
  distance: number | null;
  phase: string;
}

export function ReceiptCard({ receipt, similar }: { receipt: Receipt; similar: Similar[] }) {
  return (
    <>
      <section id="receipt" aria-label={tell("received")}>
        <dl>
          <dt>{tell("number")}</dt>
          <dd class="secret" id="receipt-number">
            {receipt.number}
          </dd>
          <dt>{tell("code")}</dt>
          <dd class="secret" id="receipt-code">
            {receipt.code}
          </dd>
        </dl>
        <p>{tell("receiptHint")}</p>
        <Keep receipt={receipt} />
      </section>
      {similar.length > 0 && (
        <section id="similar">
          <p>{tell("similar")}</p>
          <ul class="dots">
            {similar.map(({ category, distance, phase }) => (
              <li>
                {category?.name} {distance !== null && `${distance} ${tell("metres")}`} {label("CasePhase", phase)}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Phone receipt={receipt} />
    </>
  );
}

/** Ways to keep a receipt. This device remembers it only if somebody says so, and forgets it as easily. */
export function Keep({ receipt }: { receipt: Receipt }) {
  const [told, setTold] = useState("");
  const { number, code } = receipt;
  const copy = () => {
    const text = `${tell("number")} ${number}\n${tell("code")} ${code}`;
    // Without TLS there is no clipboard.
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error());
    void copied.then(() => setTold(tell("copied"))).catch(() => setTold(tell("uncopied")));
  };
  const kept = receipts.value.some((one) => one.number === number);
  const toggle = () => {
    if (kept) forget(number);
    else remember(receipt);
    setTold(kept ? tell("forgotten") : "");
  };
  return (
    <div class="unprinted">
      <p class="buttons">
        <button type="button" id="copy" onClick={copy}>
          {tell("copy")}
        </button>
        <button type="button" onClick={() => print()}>
          {tell("print")}
        </button>
      </p>
      <p>
        <label>
          <input type="checkbox" id="remember" checked={kept} onChange={toggle} /> {tell("remember")}
        </label>
      </p>
      <p class="quiet">{tell("rememberHint")}</p>
      <p role="status" id="kept">
        {told}
      </p>
    </div>
  );
}

/** A telephone number, left with the case and proved by a code; whoever leaves none is asked nothing. */
export function Phone({ receipt: { number, code: receiptCode } }: { receipt: Receipt }) {
  const [phone, setPhone] = useState("");
  const [code, setCode] = useState("");
  const [state, setState] = useState<"" | "sent" | "done">("");
  const [told, setTold] = useState<string[]>([]);
  const step = async (document: string, given: object, then: "sent" | "done") => {
    const input = { number, receiptCode, ...given };
    const found = await changeOnce(document, { ...input, idempotencyKey: keyFor(then, input) });
    setTold(found.ok ? [] : found.problems.map(explain));
    if (found.ok) setState(then);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void (state === "sent" ? step(CONFIRM_PHONE, { code: code.trim() }, "done") : step(LEAVE_PHONE, { phone: phone.trim() }, "sent"));
  };
  return (
    <div class="unprinted">
      <Block id="phone" name="phoneTitle">
        <p>{tell("phoneHint")}</p>
        <Wrong told={told} />
        <p role="status">{state === "sent" ? tell("phoneSent") : state === "done" ? tell("phoneDone") : ""}</p>
        {state !== "done" && (
          <form noValidate onSubmit={submit}>
            <div class="field">
              <label for="phone-number">{tell("phone")}</label>
              <input id="phone-number" type="tel" autocomplete="tel" value={phone} disabled={state === "sent"} onInput={(event) => setPhone(event.currentTarget.value)} />
            </div>
            {state === "sent" && (
              <div class="field">
                <label for="phone-code">{tell("sixDigits")}</label>
                <input id="phone-code" inputMode="numeric" autocomplete="one-time-code" value={code} onInput={(event) => setCode(event.currentTarget.value)} />
              </div>
            )}
            <button>{tell(state === "sent" ? "confirm" : "sendCode")}</button>
          </form>
        )}
      </Block>
    </div>
  );
}
