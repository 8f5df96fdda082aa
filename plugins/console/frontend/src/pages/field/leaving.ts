// Leaving: whoever signs out is asked about what is not sent yet; then nothing of theirs stays on this device.
import { onSignOut } from "../../session";
import { language } from "../../words";
import { clearOwner, countEntries } from "./shelf";
import { tell } from "./words";

onSignOut({
  async ask(account) {
    const count = await countEntries(account).catch(() => 0);
    return count === 0 || confirm(`${count}${language.value === "zh" ? "" : " "}${tell("recordsLeft")}`);
  },
  clear: (account) => clearOwner(account).catch(() => undefined),
});
