// SPDX-License-Identifier: Apache-2.0
//
// What the page knows, and how an event changes it. No requests and no timers here (live.ts has them), so that tests
// feed it by hand. One owner, no locks; listeners are told in batches.
import type { Controller, Decision, Operation, PolicyList, PolicySummary } from "../api/types";
import type { Link, StreamEvent } from "../api/sse";

export const kRecent = 200; // decisions and operations that are kept

export function keyOf(policy: { namespace: string; name: string }): string {
  return `${policy.namespace}/${policy.name}`;
}

export class Fleet {
  readonly policies = new Map<string, PolicySummary>();
  readonly operations = new Map<string, Operation>(); // newest first
  decisions: Decision[] = []; // newest first
  controller: Controller | undefined;
  link: Link = "connecting";
  why = ""; // of a lost link
  loaded = false;
  lastHeard = 0; // the page's clock
  clockOffset = 0; // the server's clock less the page's
  version = 0; // moves with each change
  private listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  load(list: PolicyList, now: number): void {
    this.policies.clear();
    for (const policy of list.policies) this.policies.set(keyOf(policy), policy);
    const offset = Date.parse(list.time) - now;
    this.clockOffset = Number.isFinite(offset) && Math.abs(offset) > 1000 ? offset : 0;
    this.loaded = true;
    this.changed();
  }

  // False: it is a `resync`, read everything again.
  apply(event: StreamEvent): boolean {
    if (event.event === "resync") return false;
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return false; // half an event: what it said is unknown
    }
    switch (event.event) {
      case "policy":
        this.policies.set(keyOf(data as PolicySummary), data as PolicySummary);
        break;
      case "policy-removed":
        this.policies.delete(keyOf(data as PolicySummary));
        break;
      case "decision":
        this.addDecision(data as Decision);
        break;
      case "operation":
        this.addOperation(data as Operation);
        break;
      case "controller":
        this.controller = data as Controller;
        break;
      default:
        return true; // of a newer server
    }
    this.changed();
    return true;
  }

  // The same decision made again has the same `time` and a later `seen`: it replaces.
  addDecision(decision: Decision): void {
    const same = this.decisions.findIndex((other) => other.policy === decision.policy && other.time === decision.time);
    if (same >= 0) this.decisions.splice(same, 1);
    this.decisions.unshift(decision);
    this.decisions.length = Math.min(this.decisions.length, kRecent);
  }

  addOperation(operation: Operation): void {
    if (this.operations.has(operation.id)) {
      this.operations.set(operation.id, operation); // keeps its place
      return;
    }
    const rest = [...this.operations].slice(0, kRecent - 1);
    this.operations.clear();
    this.operations.set(operation.id, operation);
    for (const [id, other] of rest) this.operations.set(id, other);
  }

  setOperations(operations: Operation[]): void {
    this.operations.clear();
    for (const operation of operations.slice(0, kRecent)) this.operations.set(operation.id, operation);
    this.changed();
  }

  setLink(link: Link, why: string): void {
    this.link = link;
    this.why = why;
    this.changed();
  }

  running(): Operation[] {
    return [...this.operations.values()].filter((operation) => operation.state === "running");
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  // Listeners hear of many changes at once: a thousand policies may speak within a second.
  changed(): void {
    this.version += 1;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const listener of this.listeners) listener();
    }, 60);
  }
}
