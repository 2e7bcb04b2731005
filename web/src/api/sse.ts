// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events over fetch. Not EventSource: that one can't send a token, hides heartbeats (so a dead connection
// looks alive) and has no backoff. Source: the HTML standard, "Parsing an event stream".

export interface StreamEvent {
  id: string;
  event: string;
  data: string;
}

// Feeds on text in any pieces; gives whole events.
export class EventParser {
  private rest = "";
  private data: string[] = [];
  private event = "";
  lastId = "";
  retry: number | undefined;

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    if (this.rest.length > kMaxLine) throw new Error("a line of the event stream is too long");
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) events.push({ id: this.lastId, event: this.event || "message", data: this.data.join("\n") });
        this.data = [];
        this.event = "";
      } else {
        this.field(line);
      }
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.lastId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }
}
const kMaxLine = 4 << 20;

export type Link = "connecting" | "live" | "lost";

export interface StreamOptions {
  url: string;
  lastId?: string; // go on after this event
  headers?: () => Record<string, string>;
  onEvent: (event: StreamEvent) => void;
  onLink?: (link: Link, why: string) => void;
  onBytes?: () => void; // heartbeats too
  silenceMs?: number;
  finite?: boolean; // of something that ends, as an operation
  fetchFn?: typeof fetch;
  random?: () => number;
}

// 0.5 s, 1 s, 2 s … 30 s, each times 0.5 to 1.
export function backoffMs(attempt: number, random: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(attempt, 10)) * (0.5 + random / 2);
}

// Follows the stream until the returned function is called. With `finite` a 404 ends it: there is nothing to follow.
export function follow(options: StreamOptions): () => void {
  const stop = new AbortController();
  void run(options, stop.signal);
  return () => stop.abort();
}

async function run(options: StreamOptions, stopped: AbortSignal): Promise<void> {
  let lastId = options.lastId ?? "";
  let attempt = 0;
  let first = true;
  while (!stopped.aborted) {
    if (first) options.onLink?.("connecting", "");
    first = false;
    try {
      const outcome = await once(options, lastId, stopped, (id) => {
        lastId = id;
        attempt = 0;
      });
      if (outcome === "over") return;
      if (!stopped.aborted) options.onLink?.("lost", "the server closed the connection");
    } catch (error) {
      if (stopped.aborted) return;
      options.onLink?.("lost", error instanceof Error ? error.message : String(error));
    }
    await pause(backoffMs(attempt, (options.random ?? Math.random)()), stopped);
    attempt += 1;
  }
}

async function once(options: StreamOptions, lastId: string, stopped: AbortSignal, alive: (id: string) => void): Promise<"over" | "closed"> {
  const connection = new AbortController();
  const forward = () => connection.abort(stopped.reason);
  stopped.addEventListener("abort", forward);
  const silence = options.silenceMs ?? 45_000;
  let timer = setTimeout(() => connection.abort(new Error("the server is silent")), silence);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream", ...options.headers?.() };
    if (lastId !== "") headers["Last-Event-ID"] = lastId;
    const answer = await (options.fetchFn ?? fetch)(options.url, { headers, signal: connection.signal, cache: "no-store" });
    if (options.finite === true && answer.status === 404) return "over";
    if (!answer.ok || answer.body === null) throw new Error(`the server answered ${answer.status}`);
    options.onLink?.("live", "");
    const parser = new EventParser();
    parser.lastId = lastId;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "closed";
      clearTimeout(timer);
      timer = setTimeout(() => connection.abort(new Error("the server is silent")), silence);
      options.onBytes?.();
      const events = parser.push(value);
      alive(parser.lastId);
      for (const event of events) options.onEvent(event);
    }
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener("abort", forward);
    connection.abort();
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      stopped.removeEventListener("abort", done);
      resolve();
    }
    stopped.addEventListener("abort", done);
  });
}
