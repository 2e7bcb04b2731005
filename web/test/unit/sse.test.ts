// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoffMs, EventParser, follow, type Link, type StreamEvent } from "../../src/api/sse";

const kStream = ': hello\n\nid: 7\nevent: policy\ndata: {"a":1}\n\nid: 8\r\nevent: operation\r\ndata: one\r\ndata: two\r\n\r\nretry: 900\n\ndata: plain\n\n';

describe("EventParser", () => {
  it("gives the same events wherever the text is cut", () => {
    const whole = new EventParser().push(kStream);
    expect(whole).toEqual([
      { id: "7", event: "policy", data: '{"a":1}' },
      { id: "8", event: "operation", data: "one\ntwo" },
      { id: "8", event: "message", data: "plain" },
    ]);
    for (let cut = 0; cut <= kStream.length; cut += 1) {
      const parser = new EventParser();
      expect([...parser.push(kStream.slice(0, cut)), ...parser.push(kStream.slice(cut))], `cut at ${cut}`).toEqual(whole);
    }
  });
  it("gives no event for comments, fields without data or half an event", () => {
    expect(new EventParser().push(": a\n\nevent: policy\n\ndata: half\n")).toEqual([]);
  });
  it("takes one space away after the colon, and no more", () => {
    expect(new EventParser().push("data:  x\n\n")[0]?.data).toBe(" x");
    expect(new EventParser().push("data\n\n")[0]?.data).toBe("");
  });
  it("refuses a line without end", () => {
    expect(() => new EventParser().push("x".repeat((4 << 20) + 1))).toThrow("too long");
  });
});

describe("backoffMs", () => {
  it("doubles from half a second, stops at 30 s and is jittered by half", () => {
    expect(backoffMs(0, 1)).toBe(500);
    expect(backoffMs(0, 0)).toBe(250);
    expect(backoffMs(3, 1)).toBe(4000);
    expect(backoffMs(50, 1)).toBe(30_000);
  });
});

// A fetch that answers by script, one entry a call; the last entry is repeated.
type Script = Array<(init: RequestInit) => Response | Error>;
function scripted(script: Script): { fetchFn: typeof fetch; calls: RequestInit[] } {
  const calls: RequestInit[] = [];
  const fetchFn = async (_url: unknown, init: RequestInit = {}) => {
    calls.push(init);
    const answer = script[Math.min(calls.length, script.length) - 1]!(init);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { fetchFn: fetchFn as typeof fetch, calls };
}
const closing = (text: string) => () => new Response(text, { status: 200 });
// Says `text` and then nothing, until it is aborted.
const hanging = (text: string) => (init: RequestInit) => new Response(new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode(text));
    init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
  },
}), { status: 200 });

describe("follow", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const watch = (script: Script, more = {}) => {
    const events: StreamEvent[] = [];
    const links: Array<[Link, string]> = [];
    const { fetchFn, calls } = scripted(script);
    const stop = follow({ url: "/events", fetchFn, random: () => 1, onEvent: (event) => events.push(event), onLink: (link, why) => links.push([link, why]), ...more });
    return { events, links, calls, stop };
  };

  it("comes back with the last id after the server closed, and after a failure", async () => {
    const { events, links, calls, stop } = watch([closing("id: 4\ndata: a\n\n"), () => new Error("refused"), hanging("id: 5\ndata: b\n\n")]);
    await vi.advanceTimersByTimeAsync(5000);
    stop();
    expect(events.map((event) => event.data)).toEqual(["a", "b"]);
    expect(calls.map((call) => (call.headers as Record<string, string>)["Last-Event-ID"])).toEqual([undefined, "4", "4"]);
    expect(links.map(([link]) => link)).toEqual(["connecting", "live", "lost", "lost", "live"]);
    expect(links[3]).toEqual(["lost", "refused"]);
  });
  it("takes silence for a lost connection; a comment is no silence", async () => {
    const { links, calls, stop } = watch([hanging(": hello\n\n")], { silenceMs: 1000 });
    await vi.advanceTimersByTimeAsync(999);
    expect(links.at(-1)).toEqual(["live", ""]);
    await vi.advanceTimersByTimeAsync(2);
    expect(links.at(-1)).toEqual(["lost", "the server is silent"]);
    await vi.advanceTimersByTimeAsync(600);
    expect(calls.length).toBe(2);
    stop();
  });
  it("backs off while the server refuses", async () => {
    const { calls, stop } = watch([() => new Response("", { status: 503 })]);
    await vi.advanceTimersByTimeAsync(500 + 1000 + 2000 + 4000 - 1);
    expect(calls.length).toBe(4);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.length).toBe(5);
    stop();
  });
  it("tries a stream that has no end again even after a 404", async () => {
    const { calls, stop } = watch([() => new Response("", { status: 404 })]);
    await vi.advanceTimersByTimeAsync(500);
    expect(calls.length).toBe(2);
    stop();
  });
  it("ends where there is nothing to follow, and when it is stopped", async () => {
    const gone = watch([() => new Response("", { status: 404 })], { finite: true });
    const stopped = watch([hanging(": hello\n\n")]);
    await vi.advanceTimersByTimeAsync(10);
    stopped.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(gone.calls.length).toBe(1);
    expect(stopped.calls.length).toBe(1);
  });
});
