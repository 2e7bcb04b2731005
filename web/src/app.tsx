// SPDX-License-Identifier: Apache-2.0
//
// The frame of all pages: navigation, the state of the link, the emergency stop, the token, announcements.
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { StreamEvent } from "./api/sse";
import type { Operation } from "./api/types";
import { useRoute, type Route } from "./router";
import type { Fleet } from "./state/fleet";
import { SharedContext, useFleet, useNow, useShared } from "./state/hooks";
import { keepCurrent } from "./state/live";
import { restoreAccess, setTheme, signOut, theme, type Access, type Theme } from "./state/session";
import { span, timeOfDay } from "./ui/format";
import { Icon } from "./ui/marks";
import { PauseDialog, ResumeDialog, TokenDialog } from "./views/actions";
import { ControllerPage } from "./views/controller";
import { OperationPage } from "./views/operation";
import { OperationsPage } from "./views/operations";
import { Overview } from "./views/overview";
import { PolicyPage } from "./views/policy";

interface Said {
  id: number;
  sentence: string;
  kind: "info" | "error";
}

export function App({ fleet }: { fleet: Fleet }): JSX.Element {
  const route = useRoute();
  const [access, setAccess] = useState<Access>("unknown");
  const [dialog, setDialog] = useState<"token" | "pause" | "resume">();
  const [said, setSaid] = useState<Said[]>([]);
  const say = useCallback((sentence: string, kind: "info" | "error" = "info") => {
    const id = Date.now() + Math.random();
    setSaid((old) => [...old.slice(-3), { id, sentence, kind }]);
    setTimeout(() => setSaid((old) => old.filter((one) => one.id !== id)), kind === "error" ? 15_000 : 8_000);
  }, []);
  const shared = useMemo(() => ({ fleet, access, say, ask: setDialog }), [fleet, access, say]);
  useEffect(() => {
    void restoreAccess().then(setAccess);
    void keepCurrent(fleet, (event) => announce(fleet, event, say));
  }, [fleet]);
  useEffect(() => focusHeading(), [location.hash]);
  const close = () => setDialog(undefined);
  return (
    <SharedContext.Provider value={shared}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); focusHeading(true); }}>Skip to the content</a>
      <TopBar route={route} onSignOut={() => { signOut(); setAccess("read-only"); say("The token is forgotten: this tab is read-only."); }} />
      <Banners />
      <main id="main"><Content route={route} /></main>
      <div class="toasts" role="status" aria-live="polite">
        {said.map((one) => <p key={one.id} class={`toast ${one.kind}`}>{one.sentence}</p>)}
      </div>
      {dialog === "token" && <TokenDialog onClose={close} onAccess={setAccess} />}
      {dialog === "pause" && <PauseDialog onClose={close} />}
      {dialog === "resume" && <ResumeDialog onClose={close} />}
    </SharedContext.Provider>
  );
}

// After a change of page the keyboard and the screen reader begin at its heading.
let firstPage = true;
function focusHeading(always = false): void {
  if (firstPage && !always) {
    firstPage = false;
    return;
  }
  document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: !always });
  if (location.hash.length > 2) scrollTo(0, 0);
}

function announce(fleet: Fleet, event: StreamEvent, say: (sentence: string, kind?: "info" | "error") => void): void {
  if (event.event !== "operation") return;
  const operation = fleet.operations.get((JSON.parse(event.data) as Operation).id);
  if (operation === undefined) return;
  if (operation.state === "failed") say(`${operation.stack}: ${operation.from} → ${operation.to} failed: ${operation.outcome || operation.outcomeReason}`, "error");
  if (operation.state === "succeeded") say(`${operation.stack}: now ${operation.countAfter ?? operation.to} instances`);
}

function Content({ route }: { route: Route }): JSX.Element {
  switch (route.page) {
    case "policies":
      return <Overview />;
    case "policy":
      return <PolicyPage key={`${route.namespace}/${route.name}`} namespace={route.namespace} name={route.name} />;
    case "operations":
      return <OperationsPage />;
    case "operation":
      return <OperationPage key={route.id} id={route.id} />;
    case "controller":
      return <ControllerPage />;
    case "unknown":
      return <><h1 tabIndex={-1}>There is no such page</h1><p><a href="#/">To the policies</a></p></>;
  }
}

function TopBar({ route, onSignOut }: { route: Route; onSignOut: () => void }): JSX.Element {
  const fleet = useFleet();
  const running = fleet.running().length;
  const at = (...pages: Route["page"][]) => (pages.includes(route.page) ? "page" : undefined);
  return (
    <header class="top">
      <a class="brand" href="#/"><Logo /> Stackscaler</a>
      <nav aria-label="Pages">
        <a href="#/" aria-current={at("policies", "policy")}>Policies</a>
        <a href="#/operations" aria-current={at("operations", "operation")}>Operations{running > 0 && <span class="count-badge" aria-label={`${running} running`}>{running}</span>}</a>
        <a href="#/controller" aria-current={at("controller")}>Controller</a>
        <a href="/docs">API</a>
      </nav>
      <span class="spread" />
      {fleet.controller !== undefined && <a href="#/controller" class={`mode mode-${fleet.controller.mode}`}>{fleet.controller.mode}</a>}
      <LinkState />
      <ThemeChoice />
      <AccessButton onSignOut={onSignOut} />
    </header>
  );
}

function Logo(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect class="logo-back" width="32" height="32" rx="7" />
      <path fill="#fff" d="M7 20h18v4H7z" /><path fill="#fff" opacity=".75" d="M10 14h12v4H10z" /><path fill="#fff" opacity=".5" d="M13 8h6v4h-6z" />
    </svg>
  );
}

function LinkState(): JSX.Element {
  const fleet = useFleet();
  return <span class={`link link-${fleet.link}`} title={fleet.why}><span class="dot" aria-hidden="true" /><span class="link-word">{fleet.link === "lost" ? "offline" : fleet.link}</span></span>;
}

function ThemeChoice(): JSX.Element {
  const [value, setValue] = useState(theme());
  return (
    <label class="theme">
      <span class="visually-hidden">Colours</span>
      <select value={value} onChange={(event) => { const next = event.currentTarget.value as Theme; setTheme(next); setValue(next); }}>
        <option value="auto">Auto</option><option value="light">Light</option><option value="dark">Dark</option>
      </select>
    </label>
  );
}

function AccessButton({ onSignOut }: { onSignOut: () => void }): JSX.Element {
  const { access, ask } = useShared();
  if (access === "may-change") return <button type="button" class="small access may" title="This tab may make changes" onClick={onSignOut}>Forget token</button>;
  if (access === "no-token-configured") return <span class="access muted" title="The controller was started without --token-file: nothing can be changed here.">read-only</span>;
  return <button type="button" class="small access" title="Without a token this page is read-only" onClick={() => ask("token")}><Icon name="held" /> Read-only</button>;
}

// What a person must not miss, whatever page is open.
function Banners(): JSX.Element {
  const fleet = useFleet();
  const { access, ask } = useShared();
  const pause = fleet.controller?.pause;
  return (
    <>
      {pause?.paused === true && (
        <div class="banner bad" role="alert">
          <Icon name="paused" /><span><b>Emergency stop.</b> {pause.sentence}</span>
          {access === "may-change" && <button type="button" class="small" onClick={() => ask("resume")}>Resume…</button>}
        </div>
      )}
      <Stale />
    </>
  );
}

// A connection that comes back within two seconds is no news.
function Stale(): JSX.Element | null {
  const fleet = useFleet();
  const now = useNow() - fleet.clockOffset;
  const lostAt = useRef(0);
  if (fleet.link !== "lost") lostAt.current = 0;
  else lostAt.current ||= Date.now();
  const shown = lostAt.current !== 0 && (now - lostAt.current > 2000 || !fleet.loaded);
  useEffect(() => void document.documentElement.classList.toggle("stale", shown && fleet.loaded), [shown, fleet.loaded]);
  if (!shown) return null;
  const heard = fleet.lastHeard;
  return (
    <div class="banner warn" id="stale">
      <Icon name="degraded" />
      <span>
        <b role="alert">No connection to the controller.</b> {heard === 0 ? "Nothing was read yet." : `What you see is of ${timeOfDay(heard)}, ${span(now - heard)} ago.`} It
        is tried again by itself.{fleet.why !== "" && <small> ({fleet.why})</small>}
      </span>
    </div>
  );
}
