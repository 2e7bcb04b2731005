// SPDX-License-Identifier: Apache-2.0
//
// One policy: how it stands, what it sees, why it decided so, what it did, and its text.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { PolicyDetail, PolicySummary } from "../api/types";
import { useFleet, useLoad, useNow, useShared, useTitle } from "../state/hooks";
import { ErrorNote } from "../ui/dialog";
import { ago, fullTime, span, until } from "../ui/format";
import { BoundsBar, Count, Flags, kStateMeans, StateBadge } from "../ui/marks";
import { YamlText } from "../ui/yaml";
import { RecommendButton, ScaleButton } from "./actions";
import { DecisionsPanel } from "./decisions";
import { ExplainPanel } from "./explain";
import { HistoryPanel } from "./history";
import { OperationProgress } from "./operation";
import { wrongOf } from "./row";
import { SignalsPanel } from "./signals";

export function PolicyPage({ namespace, name }: { namespace: string; name: string }): JSX.Element {
  const fleet = useFleet();
  const policy = fleet.policies.get(`${namespace}/${name}`);
  const detail = useLoad(() => api.policy(namespace, name), [namespace, name, policy?.specDigest]);
  useTitle(name);
  const shown = policy ?? (fleet.loaded ? undefined : detail.data?.summary);
  return (
    <>
      <nav class="crumbs" aria-label="Where this is"><a href="#/">Policies</a> / <span>{namespace}</span>{shown !== undefined && <span> · stack {shown.stack}</span>}</nav>
      {shown === undefined ? <Gone loaded={fleet.loaded} namespace={namespace} name={name} /> : <Page policy={shown} detail={detail.data} error={detail.error} />}
    </>
  );
}

function Gone({ loaded, namespace, name }: { loaded: boolean; namespace: string; name: string }): JSX.Element {
  return (
    <>
      <h1 tabIndex={-1}>{name}</h1>
      {loaded ? <p class="empty">There is no policy {namespace}/{name}. It was removed, or it has a problem: <code>stackscaler validate</code> shows which.</p> :
        <p class="empty" aria-busy="true">Reading…</p>}
    </>
  );
}

function Page({ policy, detail, error }: { policy: PolicySummary; detail: PolicyDetail | undefined; error: Error | undefined }): JSX.Element {
  const { access } = useShared();
  const wrong = wrongOf(policy);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>{policy.name}</h1>
        <StateBadge state={policy.state} />
        <Flags policy={policy} />
        {access === "may-change" && (
          <span class="actions"><RecommendButton policy={policy} /><ScaleButton policy={policy} /></span>
        )}
      </div>
      <p class="lead">
        {kStateMeans[policy.state]}
        {policy.suspendedBy !== "" && <> Suspended by the schedule <b>{policy.suspendedBy}</b>.</>}
      </p>
      {policy.held !== "" && <p class="notice">Left alone: {policy.held}<Until time={policy.heldUntil} /></p>}
      {wrong !== undefined && <p class={`notice ${policy.state === "stalled" ? "bad" : "warn"}`}><b>{wrong.reason}</b>: {wrong.message}</p>}
      <Facts policy={policy} />
      {policy.operation !== null && <OperationProgress running={policy.operation} stack={policy.stack} />}
      <div class="columns">
        <HistoryPanel policy={policy} />
        <div class="column"><SignalsPanel policy={policy} /><Conditions policy={policy} /></div>
        <div class="column"><ExplainPanel policy={policy} /><DecisionsPanel policy={policy} /></div>
        <Document detail={detail} error={error} policy={policy} />
      </div>
    </>
  );
}

function Until({ time }: { time: string | undefined }): JSX.Element {
  const now = useNow();
  return <>{time !== undefined && <span class="muted"> ({until(time, now)})</span>}</>;
}

function Facts({ policy }: { policy: PolicySummary }): JSX.Element {
  const now = useNow();
  const bounds = policy.effectiveBounds ?? policy.bounds;
  const scheduled = bounds.min !== policy.bounds.min || bounds.max !== policy.bounds.max;
  return (
    <dl class="facts">
      <div class="fact-main">
        <dt>Instances</dt>
        <dd><Count current={policy.currentInstances} desired={policy.desiredInstances} />
          <BoundsBar bounds={bounds} current={policy.currentInstances} desired={policy.desiredInstances} /></dd>
      </div>
      <div><dt>Bounds</dt><dd>{bounds.min}–{bounds.max}{scheduled && <small class="muted"> by schedule, else {policy.bounds.min}–{policy.bounds.max}</small>}</dd></div>
      <div><dt>Next run</dt><dd title={fullTime(policy.nextRun)}>{policy.nextRun === null ? "running" : until(policy.nextRun, now)}
        <small class="muted"> every {span(policy.intervalSeconds * 1000)}</small></dd></div>
      <div><dt>Last scaled</dt><dd title={fullTime(policy.lastScaleTime)}>{ago(policy.lastScaleTime, now)}</dd></div>
      <div><dt>Count read</dt><dd>{policy.countAgeSeconds === null ? "never" : `${span(policy.countAgeSeconds * 1000)} ago`}</dd></div>
      <div><dt>Advisor</dt><dd>{policy.advisor}</dd></div>
      <div><dt>Acts</dt><dd>{actsOf(policy)}</dd></div>
    </dl>
  );
}

// Everything that keeps it from acting, not only the first.
function actsOf(policy: PolicySummary): string {
  const no: string[] = [];
  if (policy.paused) no.push("emergency stop");
  if (!policy.enabled) no.push("not enabled");
  if (policy.dryRun) no.push("dry run");
  if (policy.suspend) no.push("suspended");
  if (policy.suspendedBy !== "") no.push(`schedule ${policy.suspendedBy}`);
  return no.length === 0 ? "yes" : `no: ${no.join(", ")}`;
}

function Conditions({ policy }: { policy: PolicySummary }): JSX.Element {
  const now = useNow();
  return (
    <section class="panel" aria-labelledby="conditions-title">
      <h2 id="conditions-title">Conditions</h2>
      {policy.conditions.length === 0 ? <p class="empty">none yet</p> : (
        <ul class="conditions">
          {policy.conditions.map((condition) => (
            <li key={condition.type}>
              <span class={`truth truth-${goodness(condition.type, condition.status)}`}>{condition.status}</span>
              <span><b>{condition.type}</b> <span class="muted">{condition.reason}</span>
                <small class="muted" title={fullTime(condition.lastTransitionTime)}> {ago(condition.lastTransitionTime, now)}</small>
                <br />{condition.message}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

// Of most conditions True is good; of these it is not.
const kGoodWhenFalse = new Set(["Stalled", "PossibleOrphans"]);
export function goodness(type: string, status: string): "good" | "bad" | "plain" {
  if (status === "Unknown" || type === "Reconciling") return "plain";
  return (status === "True") !== kGoodWhenFalse.has(type) ? "good" : "bad";
}

function Document({ detail, error, policy }: { detail: PolicyDetail | undefined; error: Error | undefined; policy: PolicySummary }): JSX.Element {
  const { say } = useShared();
  const [copied, setCopied] = useState(false);
  useEffect(() => setCopied(false), [detail]);
  const text = detail === undefined ? "" : detail.yaml ?? JSON.stringify(detail.spec, null, 2);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      say("The browser does not let this page copy: select the text by hand.", "error");
    }
  };
  return (
    <section class="panel wide" aria-labelledby="document-title">
      <div class="panel-head">
        <h2 id="document-title">Policy as loaded</h2>
        {detail !== undefined && <button type="button" class="small" onClick={copy}>{copied ? "Copied" : "Copy"}</button>}
      </div>
      <p class="note breaks">{policy.origin === "" ? "No file: a policy of defaults for a stack that no file names." : policy.origin} · generation {policy.generation}</p>
      {error !== undefined && <ErrorNote error={error} />}
      {detail?.yaml != null && !detail.yamlIsLoaded && <p class="notice warn">The file has changed since and what it says now is not in force: it has a problem, or it is about to be read.</p>}
      {detail === undefined ? error === undefined && <p class="empty" aria-busy="true">Reading…</p> : <YamlText text={text} />}
    </section>
  );
}
