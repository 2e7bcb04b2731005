// SPDX-License-Identifier: Apache-2.0
//
// The controller itself: does it act, does it keep up, is the emergency stop in force.
import type { ComponentChildren, JSX } from "preact";
import type { Controller } from "../api/types";
import { useFleet, useNow, useShared, useTitle } from "../state/hooks";
import { ago, figure, fullTime, parseTime, plural, span } from "../ui/format";
import { StateBadge } from "../ui/marks";
import { kStates } from "../state/select";

export const kModeMeans: Record<Controller["mode"], string> = {
  enabled: "The loop acts by itself.",
  observing: "The loop observes, decides and reports; it changes nothing (start with --enable).",
  "dry-run": "Everything but the change itself (--dry-run).",
  rehearsal: "There is no Terraform behind it; nothing is applied (--rehearsal).",
};

export function ControllerPage(): JSX.Element {
  const fleet = useFleet();
  const { access, ask } = useShared();
  const now = useNow();
  useTitle("Controller");
  const controller = fleet.controller;
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Controller</h1>
        {controller !== undefined && <span class={`mode mode-${controller.mode}`}>{controller.mode}</span>}
        {access === "may-change" && controller !== undefined && (
          <span class="actions">
            {controller.pause.paused ? <button type="button" class="primary" onClick={() => ask("resume")}>Resume…</button> :
              <button type="button" class="danger" onClick={() => ask("pause")}>Emergency stop…</button>}
          </span>
        )}
      </div>
      {controller === undefined ? <p class="empty" aria-busy="true">Reading…</p> : <Facts controller={controller} now={now} states={fleet.policies.size} />}
    </>
  );
}

function Facts({ controller, now, states }: { controller: Controller; now: number; states: number }): JSX.Element {
  const { pause, lateness, queue } = controller;
  const started = parseTime(controller.startedAt);
  return (
    <>
      <p class="lead">{kModeMeans[controller.mode]}{controller.stopping && " It is stopping and starts nothing new."}</p>
      <div class="cards">
        <Card title="Emergency stop">
          <Big tone={pause.paused ? "bad" : "good"}>{pause.paused ? "in force" : "off"}</Big>
          <p>{pause.paused ? <>{pause.sentence} <small class="muted">{ago(pause.since, now)}</small></> : "Changes are allowed."}</p>
        </Card>
        <Card title="Keeps up">
          <Big tone={lateness.p99Ms > 1000 ? "warn" : "good"}>{lateness.p99Ms} ms</Big>
          <p>late at the 99th percentile; half within {lateness.p50Ms} ms, at most {lateness.maxMs} ms</p>
        </Card>
        <Card title="Queue">
          <Big>{figure(queue.inWork)}</Big>
          <p>in work, {figure(queue.waiting)} waiting; {plural(controller.runningOperations, "operation")} running; {plural(controller.turns, "turn")} so far</p>
        </Card>
        <Card title="Process">
          <Big>{started === undefined ? span(controller.uptimeSeconds * 1000) : span(now - started)}</Big>
          <p title={fullTime(controller.startedAt)}>up, version {controller.version}; {controller.leader ? "leader" : "standby"}</p>
        </Card>
      </div>
      <div class="columns">
        <section class="panel" aria-labelledby="by-state">
          <h2 id="by-state">Policies</h2>
          <ul class="by-state">
            {kStates.filter((state) => (controller.policiesByState[state] ?? 0) > 0).map((state) => (
              <li key={state}><StateBadge state={state} /> <b>{figure(controller.policiesByState[state])}</b></li>
            ))}
          </ul>
          {states === 0 && <p class="empty">none</p>}
        </section>
        <Defaults controller={controller} />
      </div>
    </>
  );
}

function Defaults({ controller }: { controller: Controller }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="defaults">
      <h2 id="defaults">Settings</h2>
      <dl class="details">
        <dt>Interval</dt><dd>{span(controller.intervalSeconds * 1000)} <small class="muted">where a policy says none</small></dd>
        <dt>Confidence</dt><dd>{controller.confidenceThreshold} or more</dd>
        <dt>Bounds</dt><dd>{controller.defaultBounds.min}–{controller.defaultBounds.max} <small class="muted">where there is no policy</small></dd>
        <dt>Ceiling</dt><dd>{controller.maxInstancesCeiling === null ? "none" : plural(controller.maxInstancesCeiling, "instance")}</dd>
        <dt>Terraform</dt><dd class="breaks">{controller.terraform || "none: a rehearsal"}</dd>
        <dt>API</dt><dd>{controller.authentication === "token" ? "changes need the token" : "no token configured: read-only"}; {plural(controller.streams, "event stream")}</dd>
        <dt>For machines</dt><dd class="machine-links"><a href="/metrics">/metrics</a> <a href="/healthz">/healthz</a> <a href="/readyz">/readyz</a> <a href="/openapi.json">/openapi.json</a></dd>
      </dl>
    </section>
  );
}

function Card({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return <section class="panel card"><h2>{title}</h2>{children}</section>;
}

function Big({ tone = "plain", children }: { tone?: "plain" | "good" | "warn" | "bad"; children: ComponentChildren }): JSX.Element {
  return <p class={`big big-${tone}`}>{children}</p>;
}
