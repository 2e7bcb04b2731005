// SPDX-License-Identifier: Apache-2.0
//
// The decisions of a policy, newest first, with older ones on request.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Decision, PolicySummary } from "../api/types";
import { keyOf } from "../state/fleet";
import { useLoad, useShared } from "../state/hooks";
import { ErrorNote } from "../ui/dialog";
import { fullTime, timeOfDay, words } from "../ui/format";

export function DecisionsPanel({ policy }: { policy: PolicySummary }): JSX.Element {
  const { say } = useShared();
  const key = keyOf(policy);
  const first = useLoad(() => api.decisions(key, null, 20), [key, policy.lastDecision?.time, policy.lastDecision?.action]);
  const [older, setOlder] = useState<{ of: string; list: Decision[]; next: string | null }>({ of: key, list: [], next: null });
  const more = older.of === key && older.list.length > 0 ? older : { of: key, list: [], next: first.data?.next ?? null };
  const decisions = merged(first.data?.decisions ?? [], more.list);
  const load = async () => {
    try {
      const page = await api.decisions(key, more.next, 50);
      setOlder({ of: key, list: [...more.list, ...page.decisions], next: page.next });
    } catch (error) {
      say(String((error as Error).message), "error");
    }
  };
  return (
    <section class="panel" aria-labelledby="decisions-title">
      <h2 id="decisions-title">Decisions</h2>
      {first.error !== undefined && <ErrorNote error={first.error} />}
      {first.data !== undefined && decisions.length === 0 && <p class="empty">none yet</p>}
      {decisions.length > 0 && (
        <table class="plain">
          <thead><tr><th scope="col">Time</th><th scope="col">Action</th><th scope="col">Why</th></tr></thead>
          <tbody>
            {decisions.map((decision) => (
              <tr key={decision.time}>
                <td title={fullTime(decision.time)} class="nowrap">{timeOfDay(decision.time)}</td>
                <td class={`nowrap ${decision.action === "scale_up" ? "up" : decision.action === "scale_down" ? "down" : "muted"}`}>
                  {decision.action === "no_change" ? `stay at ${decision.to}` : `${words(decision.action)} ${decision.from} → ${decision.to}`}
                </td>
                <td><span class="reason">{decision.reason}</span> {decision.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more.next !== null && <button type="button" class="small" onClick={load}>Older</button>}
    </section>
  );
}

function merged(newest: readonly Decision[], older: readonly Decision[]): Decision[] {
  const oldest = newest.at(-1)?.time ?? "";
  return [...newest, ...older.filter((decision) => oldest === "" || decision.time < oldest)];
}
