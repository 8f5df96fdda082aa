// Follow: a case by its receipt, without an account: how far it is, who handles it, and what one can do.
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { language } from "../../words";
import { opened, type Receipt } from "./kept";
import { Page, Wrong, explain } from "./parts";
import { Keep, Phone } from "./receipt";
import { Remembered } from "./home";
import { loadFollowed, type Followed } from "./case_loading";
import { CaseView } from "./case_view";
import { tell } from "./words";

export function FollowPage() {
  const [found, setFound] = useState<Followed | null>(null);
  const [told, setTold] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const receipt = opened.value;

  const load = async (given: Receipt) => {
    setBusy(true);
    const { found: loaded, problems } = await loadFollowed(given.number, given);
    setBusy(false);
    if (loaded) {
      setTold([]);
      setFound(loaded);
      opened.value = given;
    } else setTold(problems.length > 0 ? problems.map(explainLoad) : [tell("wrongReceipt")]);
  };
  useEffect(() => {
    if (receipt) void load(receipt);
  }, [language.value]);

  const close = () => {
    opened.value = null;
    setFound(null);
  };
  if (!found || !receipt) {
    return (
      <Page name="follow">
        <Form receipt={receipt} told={told} busy={busy} onOpen={(given) => void load(given)} refuse={() => setTold([tell("fillBoth")])} />
        <Remembered />
      </Page>
    );
  }
  return (
    <Page name="follow">
      <Wrong told={told} />
      <CaseView found={found} receipt={receipt} reload={() => load(receipt)} />
      {!["CLOSED", "DECLINED", "VOIDED", "WITHDRAWN"].includes(found.status) && <Phone receipt={receipt} />}
      <Keep receipt={receipt} />
      <p class="unprinted">
        <button type="button" id="other" onClick={close}>
          {tell("other")}
        </button>
      </p>
    </Page>
  );
}

// Nothing was written here, so nothing is said of it.
const explainLoad = (problem: Problem): string => (problem.code === "NETWORK" ? tell("lostLoad") : explain(problem));

interface FormGiven {
  receipt: Receipt | null;
  told: string[];
  busy: boolean;
  onOpen: (receipt: Receipt) => void;
  refuse: () => void;
}

function Form({ receipt, told, busy, onOpen, refuse }: FormGiven) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const [number = "", code = ""] = ["number", "code"].map((name) => String(given.get(name)).replace(/\s/g, ""));
    if (number && code) onOpen({ number, code: code.toUpperCase() });
    else refuse();
  };
  return (
    <form id="follow" noValidate onSubmit={submit}>
      <p>{tell("followHint")}</p>
      <Wrong told={told} />
      <div class="field">
        <label for="number">{tell("number")}</label>
        <input id="number" name="number" inputMode="numeric" autocomplete="off" defaultValue={receipt?.number} />
      </div>
      <div class="field">
        <label for="code">{tell("code")}</label>
        <input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck={false} defaultValue={receipt?.code} />
      </div>
      <button class="main" disabled={busy}>
        {tell(busy ? "load" : "open")}
      </button>
    </form>
  );
}
