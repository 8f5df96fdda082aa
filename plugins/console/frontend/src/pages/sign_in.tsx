// Sign-in: by name and password into a session in cookies; in development also in a role.
import { useEffect, useRef, useState } from "preact/hooks";
import { enterAs, notice, signIn } from "../session";
import { language, say } from "../words";

interface Role {
  name: string;
  chinese: string;
}

export function SignIn() {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = `${say("signIn")} · ${say("title")}`;
    first.current?.focus();
  }, [language.value]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong("");
    const found = await signIn(String(given.get("name")), String(given.get("password")));
    setBusy(false);
    if (found.ok) return;
    const [{ code, message, retryAfter }] = found.problems;
    if (code === "NETWORK") setWrong(say("offline"));
    else if (code === "UNAUTHENTICATED") setWrong(say("wrong"));
    else setWrong(retryAfter ? `${message} ${retryAfter} ${say("wait")}` : message);
  };

  return (
    <div class="sign-in">
      <h1>{say("signIn")}</h1>
      {notice.value && (
        <p class="notice" role="status" id="notice">
          {say(notice.value)}
        </p>
      )}
      <form onSubmit={(event) => void submit(event)}>
        <label for="name">{say("name")}</label>
        <input id="name" name="name" ref={first} required autocomplete="username" autocapitalize="none" />
        <label for="password">{say("password")}</label>
        <input id="password" name="password" type="password" required autocomplete="current-password" />
        <p class="error" role="alert" id="sign-in-error">
          {wrong}
        </p>
        <button class="main" disabled={busy}>
          {say(busy ? "signingIn" : "signIn")}
        </button>
      </form>
      <p class="quiet">{say("forgotten")}</p>
      <Development />
    </div>
  );
}

/** A role in a place, where the server gives out tokens for that. */
function Development() {
  const [roles, setRoles] = useState<Role[]>([]);
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    void fetch("/auth/development-roles")
      .then(async (reply) => reply.ok && setRoles(((await reply.json()) as { roles: Role[] }).roles))
      .catch(() => undefined);
  }, []);
  if (roles.length === 0) return null;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const [role = "", grid = "", unit = ""] = ["role", "grid", "unit"].map((name) => String(given.get(name)).trim());
    setWrong(!(await enterAs({ role, grid, unit })));
  };
  return (
    <form class="development" onSubmit={(event) => void submit(event)}>
      <h2>{say("development")}</h2>
      <label for="role">{say("role")}</label>
      <select id="role" name="role">
        {roles
          .filter(({ name }) => name !== "stranger")
          .map(({ name, chinese }) => (
            <option value={name} selected={name === "town_dispatcher"}>
              {language.value === "zh" ? chinese : name}
            </option>
          ))}
      </select>
      <label for="grid">{say("grid")}</label>
      <input id="grid" name="grid" value="610921100" />
      <label for="unit">{say("unit")}</label>
      <input id="unit" name="unit" />
      <p class="error" role="alert">
        {wrong && say("noSuch")}
      </p>
      <button>{say("enter")}</button>
    </form>
  );
}
