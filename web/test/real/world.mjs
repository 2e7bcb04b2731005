// SPDX-License-Identifier: Apache-2.0
//
// A small installation of real parts: a Terraform stack, a Prometheus that scrapes a target whose value the test sets, a
// folder of policies, and the program itself. Everything in a temporary folder and on loopback.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const kProgram = process.env.STK_PROGRAM;
const kPrometheus = "/usr/bin/prometheus";
export const kToken = "0123456789abcdef0123456789abcdef";

export function missing() {
  if (kProgram === undefined || !existsSync(kProgram)) return "the program is not built (STK_PROGRAM)";
  if (!existsSync(kPrometheus)) return "prometheus is not installed (scripts/install-deps)";
  return "";
}

// Each instance takes a while, so that the progress can be seen.
const kStack = (seconds) => `variable "instance_count" {
  type = number
}

resource "terraform_data" "app" {
  count = var.instance_count
  provisioner "local-exec" {
    command = "sleep ${seconds}"
  }
}
`;

const kPolicy = `# The web servers
apiVersion: stackscaler.dev/v1alpha1
kind: ScalingPolicy
metadata: { name: web }
spec:
  stack: { id: web }
  bounds: { min: 1, max: 3 }
  interval: 1s
  metrics:
    - name: cpu
      query: max(test_cpu{stack="web"})
      freshness: max(timestamp(test_cpu{stack="web"}))
      maxAge: 10s
      threshold: { scaleUp: 75, scaleDown: 30 }
  behavior:
    warmup: 0s
    scaleUp: { cooldown: 0s }
    scaleDown: { cooldown: 0s, stabilizationWindow: 0s }
`;

export class RealWorld {
  load = 50;
  folder = mkdtempSync(join(tmpdir(), "stk-web-"));
  children = [];
  env = { ...process.env, CHECKPOINT_DISABLE: "1" };

  async start() {
    delete this.env.TF_CLI_CONFIG_FILE;
    const at = (name) => join(this.folder, name);
    for (const name of ["stack", "policies", "data", "stacks"]) mkdirSync(at(name));
    writeFileSync(at("stack/main.tf"), kStack(3));
    writeFileSync(at("token"), `${kToken}\n`, { mode: 0o600 });
    writeFileSync(at("policies/web.yaml"), kPolicy);
    await run("terraform", ["init", "-input=false"], { cwd: at("stack"), env: this.env });
    await run("terraform", ["apply", "-auto-approve", "-input=false", "-var", "instance_count=1"], { cwd: at("stack"), env: this.env });
    await run(kProgram, ["stack", "adopt", at("stack"), "--id", "web", "--stacks", at("stacks"), "--data", at("data")], { env: this.env });
    const prometheus = await this.startPrometheus();
    const log = this.spawn(kProgram, ["run", "--policies", at("policies"), "--stacks", at("stacks"), "--data", at("data"), "--prometheus-url", prometheus,
      "--listen", "127.0.0.1:0", "--token-file", at("token"), "--enable", "--log-format", "logfmt"]);
    this.url = (await until(() => /url=(http:\/\/127\.0\.0\.1:\d+)\//.exec(log()), () => log()))[1];
    return this;
  }

  async startPrometheus() {
    this.target = createServer((_request, response) => response.writeHead(200, { "Content-Type": "text/plain; version=0.0.4" }).end(`test_cpu{stack="web"} ${this.load}\n`));
    await new Promise((resolve) => this.target.listen(0, "127.0.0.1", resolve));
    const free = createServer();
    await new Promise((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address();
    await new Promise((resolve) => free.close(resolve));
    const config = join(this.folder, "prometheus.yml");
    writeFileSync(config, `global: { scrape_interval: 500ms, scrape_timeout: 500ms }
scrape_configs:
- job_name: load
  static_configs:
  - targets: ["127.0.0.1:${this.target.address().port}"]
`);
    const log = this.spawn(kPrometheus, [`--config.file=${config}`, `--storage.tsdb.path=${join(this.folder, "tsdb")}`, `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"]);
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok, () => log());
    return url;
  }

  // Gives what it has written so far.
  spawn(program, args) {
    let text = "";
    const child = spawn(program, args, { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text = (text + chunk).slice(-100_000)));
    child.ended = new Promise((resolve) => child.once("exit", resolve));
    this.children.push(child);
    return () => text;
  }

  count() {
    const state = JSON.parse(readFileSync(join(this.folder, "stack/terraform.tfstate"), "utf8"));
    return state.resources.flatMap((resource) => resource.instances).length;
  }

  // The program first: it follows a running apply to its end.
  async stop() {
    for (const child of this.children.reverse()) {
      child.kill("SIGTERM");
      await child.ended;
    }
    this.target?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function until(condition, explain) {
  const end = Date.now() + 60_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain; the log:\n${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
