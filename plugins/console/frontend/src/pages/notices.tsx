// Notices: what whoever works here is told, by name or by the office they hold, and the way to what it is about.
import { useEffect, useState } from "preact/hooks";
import { detailOf } from "../declared";
import { ABOUT } from "../documents";
import { linkTo } from "../router";
import { ask } from "../session";
import { language, say } from "../words";
import { InboxPart } from "./resident/holdings";

interface About {
  __typename: string;
  id: string;
  number?: string;
  account?: { name: string } | null;
}

/** Where something has its page; undefined for what has none, or none that somebody may open. */
function pageOf({ __typename, id, number, account }: About): string | undefined {
  if (number) return linkTo("cases", number);
  if (account) return linkTo("operator", "accounts", account.name);
  if (__typename === "BulkExport") return linkTo("operator", "exports");
  const view = detailOf(__typename);
  return view && linkTo("views", view.name, id);
}

export function NoticesPage() {
  useEffect(() => {
    document.title = `${say("notices")} · ${say("title")}`;
  }, [language.value]);
  return (
    <div class="inbox">
      <h1>{say("notices")}</h1>
      <InboxPart link={(about, title) => <Open about={about} title={title} />} />
    </div>
  );
}

function Open({ about, title }: { about: string; title: string }) {
  const [wrong, setWrong] = useState("");
  const open = async () => {
    const { data, problems } = await ask<{ node: About | null }>(ABOUT, { id: about });
    const page = data?.node && pageOf(data.node);
    if (page) location.hash = page;
    else setWrong(problems[0]?.message ?? say("noSubject"));
  };
  return (
    <>
      <button type="button" aria-label={`${say("openSubject")} ${title}`} onClick={() => void open()}>
        {say("openSubject")}
      </button>
      <p class="error" role="alert">
        {wrong}
      </p>
    </>
  );
}
