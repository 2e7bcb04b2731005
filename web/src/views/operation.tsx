// SPDX-License-Identifier: Apache-2.0
//
// An operation: its progress while it runs, what came of it afterwards.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, authorization } from "../api/client";
import { follow } from "../api/sse";
import type { Operation, RunningOperation } from "../api/types";
import { useFleet, useLoad, useNow, useTitle } from "../state/hooks";
import { operationHref } from "../router";
import { ErrorNote } from "../ui/dialog";
import { ago, fullTime, parseTime, span } from "../ui/format";

const kPhases = ["Waiting", "Planning", "Draining", "Applying", "Verifying"] as const;

// "1 of 2 created" -> 0.5
export function fractionOf(progress: string): number | undefined {
  const found = /(\d+) of (\d+)/.exec(progress);
  const [done, all] = [Number(found?.[1]), Number(found?.[2])];
  return found !== null && all > 0 ? Math.min(1, done / all) : undefined;
}

export function OperationProgress({ running, stack }: { running: RunningOperation; stack: string }): JSX.Element {
  const now = useNow();
  const at = kPhases.indexOf(running.phase);
  const fraction = fractionOf(running.progress);
  const since = parseTime(running.since);
  return (
    <section class="panel progress" aria-labelledby={`operation-${running.id}`}>
      <div class="panel-head">
        <h2 id={`operation-${running.id}`}>{stack}: {running.from} → {running.to}</h2>
        <a href={operationHref(running.id)}>operation</a>
      </div>
      <ol class="phases" aria-label="Phases">
        {kPhases.map((phase, index) => (
          <li key={phase} class={index < at ? "done" : index === at ? "now" : ""} aria-current={index === at ? "step" : undefined}>{phase}</li>
        ))}
      </ol>
      <progress max={1} {...(fraction === undefined ? {} : { value: fraction })} aria-label="Terraform's progress" />
      <p class="progress-text" role="status">
        <span>{running.phase}{running.progress !== "" && <>: <b>{running.progress}</b></>}</span>
        <span class="muted" aria-hidden="true">{since === undefined ? "" : span(now - since)}</span>
      </p>
    </section>
  );
}

export function OperationState({ operation }: { operation: Operation }): JSX.Element {
  return <span class={`badge op-${operation.state}`}>{operation.state}</span>;
}

export function tookOf(operation: Operation, now: number): string {
  const started = parseTime(operation.started);
  return started === undefined ? "–" : span((parseTime(operation.ended) ?? now) - started);
}

export function OperationPage({ id }: { id: string }): JSX.Element {
  const fleet = useFleet();
  const now = useNow();
  const known = fleet.operations.get(id);
  const loaded = useLoad(() => api.operation(id), [id]);
  const [heard, setHeard] = useState<Operation>();
  useTitle("Operation");
  // Its own stream: the common one may have begun after it, and keeps only the newest.
  useEffect(() => {
    const stop = follow({
      url: `/api/v1/operations/${encodeURIComponent(id)}/events`,
      headers: authorization,
      finite: true,
      onEvent: (event) => {
        if (event.event !== "operation") return;
        try {
          const operation = JSON.parse(event.data) as Operation;
          setHeard(operation);
          if (operation.state !== "running") stop();
        } catch {
          // The next one says it again.
        }
      },
    });
    return stop;
  }, [id]);
  const operation = newest([known, heard?.id === id ? heard : undefined, loaded.data]);
  return (
    <>
      <nav class="crumbs" aria-label="Where this is"><a href="#/operations">Operations</a></nav>
      <h1 tabIndex={-1}>{operation === undefined ? "Operation" : `${operation.stack}: ${operation.from} → ${operation.to}`}</h1>
      {operation === undefined ? loaded.error !== undefined ? <ErrorNote error={loaded.error} /> : <p class="empty" aria-busy="true">Reading…</p> :
        <OperationFacts operation={operation} now={now} />}
    </>
  );
}

// One that has ended is newer than one that runs.
function newest(candidates: Array<Operation | undefined>): Operation | undefined {
  const all = candidates.filter((one) => one !== undefined);
  return all.find((one) => one.state !== "running") ?? all[0];
}

function OperationFacts({ operation, now }: { operation: Operation; now: number }): JSX.Element {
  const rows: Array<[string, JSX.Element | string]> = [
    ["State", <OperationState operation={operation} />],
    ["Asked for by", operation.requestedBy],
    ["Reason", `${operation.reason}${operation.message === "" ? "" : `: ${operation.message}`}`],
    ["Plan", operation.planSummary || "–"],
    ["Started", `${fullTime(operation.started)} (${ago(operation.started, now)})`],
    ["Took", `${tookOf(operation, now)}${operation.applySeconds > 0 ? `: plan ${span(operation.planSeconds * 1000)}, apply ${span(operation.applySeconds * 1000)}` : ""}`],
    ["Outcome", operation.state === "running" ? "–" : `${operation.outcomeReason}${operation.outcome === "" ? "" : `: ${operation.outcome}`}`],
    ["Count afterwards", operation.countAfter === null ? "–" : String(operation.countAfter)],
    ["Id", operation.id],
  ];
  const { id, phase, from, to, started: since, progress } = operation;
  return (
    <>
      {operation.state === "running" && <OperationProgress running={{ id, phase: phase ?? "Waiting", from, to, since, progress }} stack={operation.stack} />}
      <dl class="panel details">{rows.map(([name, value]) => <><dt>{name}</dt><dd class="breaks">{value}</dd></>)}</dl>
    </>
  );
}
