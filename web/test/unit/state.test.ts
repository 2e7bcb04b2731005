// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Decision, History, Operation, PolicySummary } from "../../src/api/types";
import { Fleet, kRecent } from "../../src/state/fleet";
import { countStates, pressure, select, type State } from "../../src/state/select";
import { columnsOf, decisionAt, livePoint, rangeOf } from "../../src/state/series";
// @ts-expect-error plain JavaScript
import { World } from "../mock/world.mjs";

const world = new World({ count: 200 });
const all = [...world.policies.values()] as PolicySummary[];
const none = new Set<State>();
const event = (name: string, data: unknown) => ({ id: "1", event: name, data: JSON.stringify(data) });
const operation = (id: string, state: Operation["state"] = "running") => ({ id, state, stack: "web" }) as Operation;

describe("Fleet", () => {
  const loaded = () => {
    const fleet = new Fleet();
    fleet.load({ time: "2026-01-01T00:00:10Z", policies: all, eventId: "1" }, Date.parse("2026-01-01T00:00:00Z"));
    return fleet;
  };
  it("takes a policy's new summary and forgets a removed one", () => {
    const fleet = loaded();
    const [first] = all as [PolicySummary];
    const key = `${first.namespace}/${first.name}`;
    expect(fleet.apply(event("policy", { ...first, currentInstances: 77 }))).toBe(true);
    expect(fleet.policies.get(key)?.currentInstances).toBe(77);
    fleet.apply(event("policy-removed", { namespace: first.namespace, name: first.name }));
    expect(fleet.policies.has(key)).toBe(false);
  });
  it("asks to be read again on resync and on what is no JSON", () => {
    expect(loaded().apply(event("resync", { reason: "x" }))).toBe(false);
    expect(loaded().apply({ id: "1", event: "policy", data: "{" })).toBe(false);
  });
  it("passes over events of a newer server", () => {
    expect(loaded().apply(event("something-new", {}))).toBe(true);
  });
  it("knows the server's clock when it differs by more than a second", () => {
    expect(loaded().clockOffset).toBe(10_000);
  });
  it("keeps an operation's place, puts a new one first and holds no more than it shows", () => {
    const fleet = new Fleet();
    for (let i = 0; i < kRecent + 5; i += 1) fleet.addOperation(operation(`op-${i}`));
    fleet.addOperation(operation("op-100", "succeeded"));
    expect(fleet.operations.size).toBe(kRecent);
    expect([...fleet.operations.keys()][0]).toBe(`op-${kRecent + 4}`);
    expect(fleet.operations.get("op-100")?.state).toBe("succeeded");
    expect(fleet.running().length).toBe(kRecent - 1);
  });
  it("replaces a decision that was made again", () => {
    const fleet = new Fleet();
    const decision = { time: "t", policy: "a/b", seen: "1" } as Decision;
    fleet.addDecision(decision);
    fleet.addDecision({ ...decision, seen: "2" });
    expect(fleet.decisions.map((one) => one.seen)).toEqual(["2"]);
  });
});

describe("select", () => {
  const names = (policies: PolicySummary[]) => policies.map((policy) => `${policy.namespace}/${policy.name}`);
  it("puts what needs a person first, and is stable by name", () => {
    const chosen = select(all, "", none, { by: "state", down: false });
    expect(chosen.slice(0, 2).map((policy) => policy.state)).toEqual(["stalled", "stalled"]);
    expect(chosen.length).toBe(all.length);
    const ok = names(chosen.filter((policy) => policy.state === "ok"));
    expect(ok).toEqual([...ok].sort());
  });
  it("wants every word of the filter, in any case and anywhere", () => {
    const chosen = select(all, "CHECKOUT us-east", none, { by: "name", down: false });
    expect(chosen.length).toBeGreaterThan(0);
    expect(chosen.every((policy) => policy.name.startsWith("checkout-us-east"))).toBe(true);
    expect(select(all, "checkout nothing-like-this", none, { by: "name", down: false })).toEqual([]);
  });
  it("finds by reason", () => {
    expect(select(all, "metricsmissing", none, { by: "name", down: false }).every((policy) => policy.state === "degraded")).toBe(true);
  });
  it("shows only chosen states", () => {
    const chosen = select(all, "", new Set<State>(["stalled", "held"]), { by: "name", down: false });
    expect(new Set(chosen.map((policy) => policy.state))).toEqual(new Set(["stalled", "held"]));
    expect(chosen.length).toBe((countStates(all).get("stalled") ?? 0) + (countStates(all).get("held") ?? 0));
  });
  it.each(["state", "name", "count", "pressure", "decision", "next"] as const)("turns the order of %s around", (by) => {
    const up = select(all, "", none, { by, down: false });
    const down = select(all, "", none, { by, down: true });
    expect(new Set(names(down))).toEqual(new Set(names(up)));
    expect(names(down)).not.toEqual(names(up));
  });
  it("tells by the most pressing signal", () => {
    const signals = [{ name: "a", value: 50, kind: "threshold", scaleUp: 100, state: "ok" }, { name: "b", value: 180, kind: "target", target: 150, state: "above" }];
    expect(pressure({ ...all[0], signals } as PolicySummary)).toBeCloseTo(1.2);
    expect(pressure({ ...all[0], signals: [{ name: "a", value: null, kind: "threshold", scaleUp: 5, state: "missing" }] } as PolicySummary)).toBe(-1);
  });
});

describe("series", () => {
  const history = {
    metrics: [{ name: "cpu", kind: "threshold" }], points: [
      { time: "2026-01-01T00:00:00Z", count: 2, desired: 2, values: { cpu: 50 } },
      { time: "2026-01-01T00:01:00Z", count: null, desired: 3, values: { cpu: null } },
    ],
  } as unknown as History;
  it("leaves a gap where a value is missing, and drops points out of order", () => {
    const late = { time: "2026-01-01T00:00:30Z", count: 9, desired: 9, values: { cpu: 9 } };
    const next = { time: "2026-01-01T00:02:00Z", count: 3, desired: 3, values: {} };
    const columns = columnsOf(history, [late, next]);
    expect(columns.times.length).toBe(3);
    expect(columns.count).toEqual([2, null, 3]);
    expect(columns.metrics.get("cpu")).toEqual([50, null, null]);
  });
  it("makes a point of a summary", () => {
    const point = livePoint(all[0] as PolicySummary, 0);
    expect(point.time).toBe("1970-01-01T00:00:00.000Z");
    expect(point.values["cpu"]).toBe(all[0]?.signals[0]?.value);
  });
  it("knows which decision was in force", () => {
    const decisions = [{ time: "1970-01-01T00:00:10Z", to: 1 }, { time: "1970-01-01T00:00:20Z", to: 2 }] as Decision[];
    expect(decisionAt(decisions, 9)).toBeUndefined();
    expect(decisionAt(decisions, 19)?.to).toBe(1);
    expect(decisionAt(decisions, 20)?.to).toBe(2);
  });
  it("keeps the limits in sight, and zero where it is near", () => {
    expect(rangeOf([50, 60], [75, 30])).toEqual([0, 81]);
    const [low, high] = rangeOf([980, 990], [1000]);
    expect(low).toBeGreaterThan(900);
    expect(high).toBeGreaterThan(1000);
    expect(rangeOf([null], [])).toEqual([0, 1]);
    expect(rangeOf([5], [])[1]).toBeGreaterThan(5);
  });
});
