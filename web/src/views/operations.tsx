// SPDX-License-Identifier: Apache-2.0
//
// Operations of all stacks: those that run first, then the newest.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Operation } from "../api/types";
import { operationHref } from "../router";
import { useFleet, useNow, useShared, useTitle } from "../state/hooks";
import { ago, fullTime } from "../ui/format";
import { OperationProgress, OperationState, tookOf } from "./operation";

export function OperationsPage(): JSX.Element {
  const fleet = useFleet();
  const now = useNow();
  const { say } = useShared();
  const [older, setOlder] = useState<{ list: Operation[]; next: string | null | undefined }>({ list: [], next: undefined });
  useTitle("Operations");
  const recent = [...fleet.operations.values()];
  const known = new Set(recent.map((operation) => operation.id));
  const running = recent.filter((operation) => operation.state === "running");
  const finished = [...recent.filter((operation) => operation.state !== "running"), ...older.list.filter((operation) => !known.has(operation.id))];
  const more = async () => {
    try {
      // The first page again tells where the second begins.
      const next = older.next ?? (await api.operations("")).next;
      const page = next === null ? { operations: [], next: null } : await api.operations("", next);
      setOlder({ list: [...older.list, ...page.operations], next: page.next });
    } catch (error) {
      say((error as Error).message, "error");
    }
  };
  return (
    <>
      <div class="page-head"><h1 tabIndex={-1}>Operations</h1></div>
      {running.length > 0 && <div class="running">{running.map((operation) => (
        <OperationProgress key={operation.id} stack={operation.stack} running={{
          id: operation.id, phase: operation.phase ?? "Waiting", from: operation.from, to: operation.to, since: operation.started, progress: operation.progress,
        }} />
      ))}</div>}
      {running.length === 0 && fleet.loaded && <p class="note">No operation runs.</p>}
      {finished.length > 0 && <Table operations={finished} now={now} />}
      {finished.length === 0 && fleet.loaded && running.length === 0 && <p class="empty">No stack was changed yet.</p>}
      {older.next !== null && (older.next !== undefined || recent.length >= 100) && <button type="button" class="small older" onClick={more}>Older</button>}
    </>
  );
}

function Table({ operations, now }: { operations: readonly Operation[]; now: number }): JSX.Element {
  return (
    <div class="panel scroll-x">
      <table class="plain">
        <thead>
          <tr><th scope="col">State</th><th scope="col">Stack</th><th scope="col">Change</th><th scope="col">When</th><th scope="col">Took</th><th scope="col">Asked for by</th><th scope="col">Outcome</th></tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <tr key={operation.id}>
              <td><OperationState operation={operation} /></td>
              <td><a href={operationHref(operation.id)}>{operation.stack}</a></td>
              <td class={`nowrap ${operation.to > operation.from ? "up" : "down"}`}>{operation.from} → {operation.to}</td>
              <td class="nowrap" title={fullTime(operation.started)}>{ago(operation.started, now)}</td>
              <td class="nowrap">{tookOf(operation, now)}</td>
              <td>{operation.requestedBy}</td>
              <td><span class="reason">{operation.outcomeReason}</span> {operation.outcome}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
