/** What is shown instead of the pages: login, the set-up of the first account, a password for who was invited. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/http";
import { acceptInvitation, logIn, session, setUp } from "../api/session";
import { useLanguage } from "../i18n";
import { tp } from "../i18n/people";
import { goTo, route, routeAddress } from "../router";
import { useStore } from "../store";
import { Field } from "../ui/dialog";
import { Icon, Mark } from "../ui/icon";
import { Button, useNow, useSettled } from "../ui/parts";
import { openidReason, ProviderButtons } from "./openid-parts";
import { NewPassword, PasswordField, problemOf, useDeed } from "./people-parts";

function Gate(props: {
  title: string;
  text?: string;
  problem: string;
  onSubmit: () => void;
  children: ComponentChildren;
}) {
  const shown = useLanguage();
  useEffect(() => {
    document.title = `${props.title} · Mainstem`;
  }, [props.title, shown]);
  return (
    <form
      class="gate card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      <Mark size={40} />
      <h1 tabIndex={-1}>{props.title}</h1>
      {props.text && <p>{props.text}</p>}
      {props.problem && (
        <div class="note note-bad" role="alert">
          <Icon name="bad" />
          <span>{props.problem}</span>
        </div>
      )}
      {props.children}
    </form>
  );
}

function NameField(props: { value: string; hint?: string; onInput: (value: string) => void }) {
  return (
    <Field label={tp("login.user")} {...(props.hint ? { hint: props.hint } : {})}>
      {(id) => (
        <input
          id={id}
          value={props.value}
          required
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** At the address of the login one goes to the first page afterwards; elsewhere one stays. */
function LoginGate({ welcome }: { welcome: string }) {
  const [user, setUser] = useState(welcome);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [second, setSecond] = useState(false);
  const [until, setUntil] = useState(0);
  const [busy, error, run] = useDeed();
  const { query } = useStore(route);
  const tenant = useSettled(user.split("@")[1]?.trim() || query.get("tenant") || "", 400);
  const wait = Math.max(0, Math.ceil((until - useNow(500)) / 1000));

  const enter = async () => {
    try {
      await logIn(user, password, code.trim());
      if (location.hash.startsWith("#/login")) goTo("#/", true);
    } catch (found) {
      if (!(found instanceof Problem)) throw found;
      if (found.status === 429) setUntil(Date.now() + 1000 * (found.retryAfterS || 1));
      else if (found.code === "second_factor") setSecond(true);
      else throw found;
    }
  };
  const wrong = error instanceof Problem && error.code === "wrong";
  const problem =
    wait > 0
      ? tp("login.wait", { seconds: wait })
      : wrong
        ? tp("login.wrong")
        : error
          ? problemOf(error)
          : openidReason(query);
  return (
    <Gate
      title={tp("login.title")}
      problem={problem}
      {...(welcome ? { text: tp("login.welcome") } : {})}
      onSubmit={() => void run(enter)}
    >
      <NameField value={user} hint={tp("login.user.hint")} onInput={setUser} />
      <PasswordField label={tp("login.password")} value={password} onInput={setPassword} />
      {second && (
        <Field label={tp("login.code")} hint={tp("login.code.hint")}>
          {(id) => (
            <input
              id={id}
              value={code}
              autocomplete="one-time-code"
              ref={(input) => {
                if (input && !code) input.focus();
              }}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <Button
        submit
        kind="primary"
        busy={busy}
        disabled={wait > 0 || !user.trim() || !password || (second && !code.trim())}
      >
        {tp("login.submit")}
      </Button>
      {!second && <ProviderButtons tenant={tenant} />}
    </Gate>
  );
}

function SetupGate({ token, onDone }: { token: string; onDone: () => void }) {
  const [name, setName] = useState("");
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const [busy, error, run] = useDeed();
  const make = async () => {
    await setUp(token, name, first);
    onDone();
  };
  return (
    <Gate
      title={tp("setup.title")}
      text={tp(token ? "setup.text" : "setup.none")}
      problem={error ? problemOf(error) : ""}
      onSubmit={() => void run(make)}
    >
      {!token && session.get()?.entered && (
        <a class="button button-plain" href="/">
          {tp("setup.back")}
        </a>
      )}
      {token && (
        <>
          <NameField value={name} onInput={setName} />
          <NewPassword first={first} again={again} onFirst={setFirst} onAgain={setAgain} />
          <Button
            submit
            kind="primary"
            busy={busy}
            disabled={!name.trim() || !first || first !== again}
          >
            {tp("setup.submit")}
          </Button>
        </>
      )}
    </Gate>
  );
}

function InvitationGate({ token, onDone }: { token: string; onDone: (user: string) => void }) {
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const [busy, error, run] = useDeed();
  return (
    <Gate
      title={tp("invitation.title")}
      text={tp(token ? "invitation.text" : "invitation.none")}
      problem={error ? problemOf(error) : ""}
      onSubmit={() => void run(async () => onDone(await acceptInvitation(token, first)))}
    >
      {token && (
        <>
          <NewPassword first={first} again={again} onFirst={setFirst} onAgain={setAgain} />
          <Button submit kind="primary" busy={busy} disabled={!first || first !== again}>
            {tp("invitation.submit")}
          </Button>
        </>
      )}
    </Gate>
  );
}

/** address: of the page as it was opened; its hash is what a link proves. */
export function Entrance() {
  useLanguage();
  useStore(session);
  const [path, setPath] = useState(location.pathname);
  const [token] = useState(() => (path === "/" ? "" : location.hash.slice(1)));
  const [welcome, setWelcome] = useState("");
  const leave = (to: string) => {
    history.replaceState(null, "", `/${to}`);
    setPath("/");
    goTo(to, true);
  };
  if (path === "/setup")
    return <SetupGate token={token} onDone={() => leave(routeAddress("overview"))} />;
  if (path === "/invitation")
    return (
      <InvitationGate
        token={token}
        onDone={(user) => {
          setWelcome(user);
          leave("#/login");
          route.set({ ...route.get() });
        }}
      />
    );
  return <LoginGate key={welcome} welcome={welcome} />;
}
