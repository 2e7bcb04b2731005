// SPDX-License-Identifier: Apache-2.0
//
// A server that speaks the contract, for the tests of the page and to work on it:
//   node test/mock/server.mjs [--port 8009] [--policies 1000] [--live]
// Loopback only. Each answer and event is held to openapi.json; what does not fit is in `violations`.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { check, checkParameters, document, routeOf, schemaOf } from "./contract.mjs";
import { handlers } from "./handlers.mjs";
import { World } from "./world.mjs";

const kDist = fileURLToPath(new URL("../../dist", import.meta.url));
const kTypes = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg" };
export const kPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
export const kToken = "test-token-0123456789abcdef";
const kKeptEvents = 1000;

export class MockServer {
  constructor(world = new World()) {
    this.world = world;
    this.violations = [];
    this.requests = []; // { method, path, headers, body } of mutations
    this.streams = new Set();
    this.events = [];
    this.eventId = 0;
    this.refusing = false;
    this.answered = new Map(); // by Idempotency-Key
    this.world.listeners.add((event, data) => this.send(event, data));
    this.server = createServer((request, response) => void this.handle(request, response).catch((error) => {
      this.violations.push(`${request.method} ${request.url}: ${error.stack}`);
      response.destroy();
    }));
    this.server.on("connection", (socket) => this.refusing && socket.destroy());
  }

  async start(port = 0) {
    await new Promise((resolve, reject) => this.server.once("error", reject).listen(port, "127.0.0.1", resolve));
    this.heartbeat = setInterval(() => this.streams.forEach(({ response }) => response.write(": alive\n\n")), 15_000);
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async stop() {
    clearInterval(this.heartbeat);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // As a controller that is gone: open connections break, new ones are refused.
  vanish() {
    this.refusing = true;
    this.server.closeAllConnections();
  }
  comeBack({ remember = true } = {}) {
    this.refusing = false;
    if (!remember) this.events = [];
  }

  send(event, data) {
    const schema = { policy: "PolicySummary", decision: "Decision", operation: "Operation", controller: "Controller" }[event];
    if (schema !== undefined) this.hold(`event ${event}`, schema, data);
    const entry = { id: ++this.eventId, event, data };
    this.events.push(entry);
    if (this.events.length > kKeptEvents) this.events.shift();
    for (const stream of this.streams) if (stream.wants(entry)) this.write(stream, entry);
  }

  write({ response, last }, { id, event, data }) {
    response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (last?.(data)) response.end();
  }

  hold(where, schema, value) {
    for (const problem of check(schema, value)) this.violations.push(`${where}: ${problem}`);
  }

  async handle(request, response) {
    const url = new URL(request.url, "http://loopback");
    response.setHeader("Content-Security-Policy", kPolicy);
    response.setHeader("X-Content-Type-Options", "nosniff");
    const route = routeOf(request.method, url.pathname);
    if (url.pathname.startsWith("/assets/") || url.pathname === "/" || url.pathname === "/docs") return this.file(url.pathname, response);
    if (route === undefined) return this.problem(response, undefined, 404, "not-found", `there is no ${url.pathname}`);
    for (const problem of checkParameters(route.operation, request.headers, url.searchParams)) this.violations.push(`${request.method} ${url.pathname}: ${problem}`);
    if (route.path === "/openapi.json") return this.json(response, undefined, 200, document);
    if (route.path.endsWith("/events")) return this.stream(request, response, route);
    return this.call(request, response, route, url);
  }

  async call(request, response, route, url) {
    const token = request.headers.authorization;
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text === "" ? undefined : JSON.parse(text);
    if (route.operation.security !== undefined || (route.path === "/api/v1/whoami" && token !== undefined)) {
      if (token !== `Bearer ${kToken}`) return this.problem(response, route.operation, 401, "unauthorized", "the token is wrong", "send the header Authorization: Bearer TOKEN");
    }
    const key = request.headers["idempotency-key"];
    if (request.method === "POST") {
      this.requests.push({ method: request.method, path: url.pathname, headers: request.headers, body });
      const schema = schemaOf(route.operation);
      if (schema !== undefined && body !== undefined) this.hold(`${url.pathname} request`, schema, body);
      if (this.answered.has(key)) return this.json(response, route.operation, ...this.answered.get(key));
    }
    const handler = handlers[`${request.method} ${route.path}`];
    if (handler === undefined) return this.problem(response, route.operation, 503, "unavailable", "the mock does not do this");
    const answer = handler({ world: this.world, parameters: route.parameters, query: url.searchParams, body, authenticated: token === `Bearer ${kToken}`, eventId: String(this.eventId) });
    if (answer.problem !== undefined) return this.problem(response, route.operation, answer.status, answer.problem, answer.detail, answer.action);
    if (key !== undefined) this.answered.set(key, [answer.status ?? 200, answer.body]);
    return this.json(response, route.operation, answer.status ?? 200, answer.body);
  }

  json(response, operation, status, value, type = "application/json") {
    const schema = operation === undefined ? undefined : schemaOf(operation, status);
    if (schema !== undefined) this.hold(operation.operationId, schema, value);
    response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(JSON.stringify(value));
  }

  problem(response, operation, status, type, detail, action = "see GET /openapi.json") {
    const value = { type: `https://stackscaler.dev/problems/${type}`, title: type.replaceAll("-", " "), status, detail, action };
    this.json(response, operation, status, value, "application/problem+json");
  }

  stream(request, response, route) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": hello\n\n");
    const single = route.parameters[0];
    const stream = { response, wants: ({ event, data }) => single === undefined || (event === "operation" && data.id === single) };
    if (single !== undefined) {
      stream.last = (data) => data.state !== "running";
      const operation = this.world.operations.get(single);
      if (operation !== undefined) this.write(stream, { id: this.eventId, event: "operation", data: operation });
    } else {
      this.resume(stream, request.headers["last-event-id"]);
    }
    this.streams.add(stream);
    response.on("close", () => this.streams.delete(stream));
  }

  resume(stream, lastId) {
    if (lastId === undefined || Number(lastId) === this.eventId) return;
    const oldest = this.events[0]?.id ?? Infinity;
    if (Number(lastId) + 1 < oldest) return this.write(stream, { id: this.eventId, event: "resync", data: { reason: "what came since is not kept any more" } });
    for (const entry of this.events) if (entry.id > Number(lastId)) this.write(stream, entry);
  }

  async file(pathname, response) {
    const name = pathname === "/" ? "index.html" : pathname === "/docs" ? "docs.html" : normalize(pathname);
    try {
      const content = await readFile(join(kDist, name));
      response.writeHead(200, { "Content-Type": kTypes[extname(name)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  }
}

// A little life: values move, now and then a stack scales.
export function live(world, everyMs = 1000) {
  const running = [];
  return setInterval(() => {
    for (const operation of running.splice(0)) if (operation.step()) running.push(operation);
    const all = [...world.policies.entries()];
    for (let i = 0; i < 5; i += 1) {
      const [key, policy] = all[Math.floor(Math.random() * all.length)];
      policy.nextRun = new Date(Date.now() + policy.intervalSeconds * 1000).toISOString();
      if (policy.signals[0]?.value != null) policy.signals[0].value = Number(Math.max(10, policy.signals[0].value + (Math.random() - 0.5) * 6).toFixed(1));
      world.emit("policy", policy);
      if (Math.random() < 0.02 && policy.state === "ok" && policy.currentInstances < policy.bounds.max) running.push(world.beginScale(key, policy.currentInstances + 1));
    }
  }, everyMs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, otherwise) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : otherwise);
  const server = await new MockServer(new World({ count: option("--policies", 20) })).start(option("--port", 8009));
  if (process.argv.includes("--live")) live(server.world);
  console.log(`${server.url}   token: ${kToken}`);
}
