// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { problemOf } from "../../src/api/client";
import type { Signal } from "../../src/api/types";
import { operationHref, parseRoute, policyHref } from "../../src/router";
import { ago, figure, plural, span, until } from "../../src/ui/format";
import { limitsOf, signalSentence } from "../../src/ui/marks";
import { visibleRange } from "../../src/ui/virtual";
import { partsOf } from "../../src/ui/yaml";
import { fractionOf } from "../../src/views/operation";
import { goodness } from "../../src/views/policy";
import { pressing } from "../../src/views/row";

describe("format", () => {
  it.each([[0, "0"], [0.0123, "0.0123"], [2.345, "2.35"], [81.29, "81.3"], [100.4, "100"], [1284, "1284"], [12345, "12\u202f345"], [-3, "-3"],
    [1e12, "1.00e+12"], [0.00001, "1.00e-5"], [Number.NaN, "–"], [null, "–"]])("figure(%s) is %s", (value, want) => {
    expect(figure(value)).toBe(want);
  });
  it.each([[4000, "4 s"], [99_000, "99 s"], [150_000, "3 min"], [7_200_000, "2 h"], [3 * 86_400_000, "3 d"]])("span(%s) is %s", (ms, want) => {
    expect(span(ms)).toBe(want);
  });
  it("says when, both ways", () => {
    const now = Date.parse("2026-01-01T00:01:00Z");
    expect(ago("2026-01-01T00:00:30Z", now)).toBe("30 s ago");
    expect(ago("2026-01-01T00:00:59Z", now)).toBe("just now");
    expect(ago(null, now)).toBe("never");
    expect(until("2026-01-01T00:01:30Z", now)).toBe("in 30 s");
    expect(until("2026-01-01T00:00:58Z", now)).toBe("now");
    expect(until("2026-01-01T00:00:30Z", now)).toBe("30 s late");
    expect(until("nonsense", now)).toBe("–");
  });
  it("counts", () => {
    expect(plural(1, "instance")).toBe("1 instance");
    expect(plural(0, "policy", "policies")).toBe("0 policies");
  });
});

describe("routes", () => {
  it.each([["", "policies"], ["#/", "policies"], ["#/operations", "operations"], ["#/controller", "controller"], ["#/nothing", "unknown"],
    ["#/policies/a", "unknown"], ["#/policies/a/b/c", "unknown"], ["#/%E0%A4%A", "unknown"]])("%s is %s", (hash, page) => {
    expect(parseRoute(hash).page).toBe(page);
  });
  it("come back as they were made", () => {
    expect(parseRoute(policyHref({ namespace: "shop", name: "a.b-c" }))).toEqual({ page: "policy", namespace: "shop", name: "a.b-c" });
    expect(parseRoute(operationHref("x/../y"))).toEqual({ page: "operation", id: "x/../y" });
  });
});

describe("problemOf", () => {
  it("says what the server says", () => {
    const error = problemOf(422, JSON.stringify({ type: "https://stackscaler.dev/problems/out-of-bounds", detail: "too many", action: "ask for fewer" }));
    expect([error.message, error.action, error.type, error.status]).toEqual(["too many", "ask for fewer", "out-of-bounds", 422]);
  });
  it("makes do with a proxy's page", () => {
    expect(problemOf(502, "<html>").message).toBe("the server answered 502");
  });
});

describe("signals in words", () => {
  const signal = (more: Partial<Signal>): Signal => ({ name: "cpu", value: 81.3, kind: "threshold", state: "ok", ...more });
  it.each([
    [signal({ scaleUp: 75, scaleDown: 30, state: "above" }), "30–75", "cpu is 81.3, limits 30–75: above"],
    [signal({ scaleUp: 75 }), "≤ 75", "cpu is 81.3, limits ≤ 75"],
    [signal({ kind: "target", target: 60 }), "60", "cpu is 81.3, target 60"],
    [signal({ kind: "observed", state: "observed" }), "", "cpu is 81.3"],
    [signal({ value: null, state: "missing", missing: "no answer" }), "", "cpu is missing: no answer"],
  ])("%#", (given, limits, sentence) => {
    expect(limitsOf(given)).toBe(limits);
    expect(signalSentence(given)).toBe(sentence);
  });
});

describe("pressing", () => {
  it("shows first what asks for something or is missing, else keeps the order", () => {
    const states = ["ok", "below", "above", "observed", "missing"] as const;
    const signals = states.map((state) => ({ name: state, value: 1, kind: "observed", state }) as Signal);
    expect(pressing(signals).map((signal) => signal.name)).toEqual(["above", "missing", "ok", "below", "observed"]);
  });
});

describe("visibleRange", () => {
  it("is the window and a margin, within the list", () => {
    expect(visibleRange(200, 800, 50, 5000)).toEqual({ first: 0, end: 24 });
    expect(visibleRange(-50_000, 800, 50, 5000)).toEqual({ first: 988, end: 1028 });
    expect(visibleRange(-250_000, 800, 50, 5000)).toEqual({ first: 4988, end: 5000 });
    expect(visibleRange(0, 800, 50, 3)).toEqual({ first: 0, end: 3 });
  });
});

describe("yaml", () => {
  it.each(["  - name: cpu  # percent", "query: sum(rate(x{a=\"#b\"}[2m]))", "# only", "", "key:", "url: http://a:1/#x", "'quoted: # no' # yes", "a: \"unclosed # x"])(
    "loses nothing of %s", (line) => {
      const { indent, key, rest, comment } = partsOf(line);
      expect(indent + key + rest + comment).toBe(line);
    });
  it("tells keys and comments apart", () => {
    expect(partsOf("  - name: cpu  # percent")).toEqual({ indent: "  - ", key: "name:", rest: " cpu  ", comment: "# percent" });
    expect(partsOf('q: "#no"').comment).toBe("");
  });
});

describe("small judgements", () => {
  it("reads progress", () => {
    expect(fractionOf("1 of 4 created")).toBe(0.25);
    expect(fractionOf("0 of 0")).toBeUndefined();
    expect(fractionOf("waiting")).toBeUndefined();
  });
  it("knows which conditions are good when they are false", () => {
    expect(goodness("Ready", "True")).toBe("good");
    expect(goodness("Ready", "False")).toBe("bad");
    expect(goodness("Stalled", "False")).toBe("good");
    expect(goodness("PossibleOrphans", "True")).toBe("bad");
    expect(goodness("Ready", "Unknown")).toBe("plain");
  });
});

// WCAG 2.2, 1.4.3: 4.5 to 1 for text of this size.
describe("colours", () => {
  const css = readFileSync(new URL("../../src/style/base.css", import.meta.url), "utf8");
  const pairs = new Map([...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name!, [light!, dark!]]));
  const luminance = (hex: string) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const texts = ["text", "muted", "accent", "good", "busy", "warn", "bad", "up", "down"];
  const cases = [
    ...texts.flatMap((text) => ["ground", "panel", "raised"].map((ground) => [text, ground])),
    ...["good", "busy", "warn", "bad", "quiet"].map((tone) => [tone, `${tone}-ground`]),
  ].flatMap(([text, ground]) => [0, 1].map((theme) => [text!, ground!, theme] as const));
  it.each(cases)("%s on %s (theme %i) can be read", (text, ground, theme) => {
    const [a, b] = [pairs.get(text)?.[theme], pairs.get(ground)?.[theme]];
    expect(a, text).toBeDefined();
    expect(b, ground).toBeDefined();
    expect(contrast(a!, b!)).toBeGreaterThanOrEqual(4.5);
  });
});
