// SPDX-License-Identifier: Apache-2.0
#include "terraform/hooks.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLastWords = 400;
constexpr std::size_t kMaxVariable = 64U << 10U;  // the kernel's limit is 128 KiB for one

Error hook_failed(const HookCall& call, const std::string& what) {
  std::string text = "stack " + call.stack + ": the hook " + call.name + " " + what;
  return Error(ErrorKind::unavailable, policy::reason::kHookFailed, std::move(text));
}

// What may be shown of a webhook's URL: its path and query may hold a token.
std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  std::string host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const std::size_t at = host.rfind('@');
  if (at != std::string::npos) host.erase(0, at + 1);
  return url.substr(0, begin) + host;
}

// Relative to the stack's folder when it has a slash, else a name on the PATH.
Result<std::string> find_program(const HookCall& call) {
  const std::string& name = call.hook.command.front();
  const bool path = name.find('/') != std::string::npos;
  auto found = find_binary(path ? (call.folder / name).lexically_normal().string() : name);
  if (found) return found;
  return fail(hook_failed(call, "can't be started: " + name +
                                    (path ? " is no program that can be run (relative to " + call.folder.string() + ")"
                                          : " is not on the PATH")));
}

struct Started {
  ChildProcess child;
  fs::path errors;
};
using StartResult = Result<std::shared_ptr<Started>>;

// Blocking: writes the hook's file, opens its outputs and starts it.
StartResult start(const asio::any_io_executor& executor, const HookCall& call, std::vector<std::string> environment) {
  auto program = find_program(call);
  if (!program) return fail(std::move(program).error());
  const fs::path file = call.operation_folder / (call.name + ".json");
  auto written = write_file_atomic(file, hook_json(call) + "\n", 0600);
  if (!written) return fail(hook_failed(call, "was not started: " + written.error().message()));
  const fs::path errors = call.operation_folder / (call.name + ".err");
  auto out = create_private(call.operation_folder / (call.name + ".out"));
  auto err = create_private(errors);
  if (!out || !err) return fail(hook_failed(call, "was not started: " + (out ? err : out).error().message()));
  ChildSpec spec;
  spec.program = std::move(*program);
  spec.arguments.assign(call.hook.command.begin() + 1, call.hook.command.end());
  spec.environment = std::move(environment);
  for (std::string& variable : hook_variables(call, file)) spec.environment.push_back(std::move(variable));
  spec.folder = call.folder;
  spec.stdout_fd = out->get();
  spec.stderr_fd = err->get();
  auto child = ChildProcess::spawn(executor, spec);
  if (!child) return fail(hook_failed(call, "can't be started: " + child.error().message()));
  return std::make_shared<Started>(Started{std::move(*child), errors});
}

// The child leads a session and so a group of its own. The number stands for that group until the child is reaped,
// which ChildProcess::status() does.
void signal_group(const ChildProcess& child, int number) {
  ::kill(-child.id().pid, number);
}

std::string end_of(const fs::path& file) {
  constexpr std::size_t kTail = 4096;
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!in.ok() || ::fstat(in.get(), &info) != 0) return {};
  const auto size = static_cast<std::size_t>(info.st_size);
  std::string text(std::min(size, kTail), '\0');
  const ssize_t n = ::pread(in.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

asio::awaitable<Result<void>> run_command(Services& services, HookCall call) {
  auto environment = services.tool.environment(std::string(), call.workspace);
  auto begin = [executor = services.executor, call, environment = std::move(environment)] {
    return start(executor, call, environment);
  };
  auto started = co_await offload(services.pool, std::move(begin));
  if (!started) co_return fail(std::move(started).error());
  const std::shared_ptr<Started> hook = std::move(*started);
  ChildProcess& child = hook->child;
  const bool in_time = co_await child.wait_for(services.clock, call.hook.timeout);
  if (!in_time) {
    services.log.warn("a hook is too slow and is ended", kv("hook", call.name), kv("stack", call.stack),
                      kv("operation", call.operation), kv("pid", child.id().pid));
    signal_group(child, SIGTERM);
    (void)co_await child.wait_for(services.clock, services.options.kill_after);
    // Also when the child has ended: what it has started may be left.
    signal_group(child, SIGKILL);
    (void)co_await child.wait_for(services.clock, services.options.kill_after);
  }
  const ExitStatus exit = child.status();
  if (in_time && exit.success()) co_return Result<void>{};
  auto read = [file = hook->errors] { return end_of(file); };
  const std::string printed = co_await offload(services.pool, std::move(read));
  const std::string said = last_words(call.redactor(printed));
  std::string what = "failed with exit code " + std::to_string(exit.code);
  if (exit.signal != 0) what = "was killed by signal " + std::to_string(exit.signal);
  if (!in_time) what = "was not done within " + format_duration(call.hook.timeout) + " and was ended";
  if (!said.empty()) what += ": " + said;
  co_return fail(hook_failed(call, what));
}

asio::awaitable<Result<void>> call_webhook(Services& services, HookCall call) {
  const std::string where = origin_of(call.hook.webhook);
  if (!services.options.post_json) co_return fail(hook_failed(call, "can't be called: webhooks are not set up"));
  auto task = services.options.post_json(call.hook.webhook, hook_json(call), call.hook.timeout);
  auto status = co_await std::move(task);
  if (!status) {
    // The client's text may name the whole URL.
    const bool late = status.error().kind() == ErrorKind::timeout;
    const bool refused = status.error().kind() == ErrorKind::invalid_input;
    co_return fail(
        hook_failed(call, late      ? "got no answer from " + where + " within " + format_duration(call.hook.timeout)
                          : refused ? "can't be called: " + where + " is no URL that this program can call"
                                    : "did not reach " + where));
  }
  if (*status >= 200 && *status < 300) co_return Result<void>{};
  co_return fail(hook_failed(call, "was refused by " + where + " with status " + std::to_string(*status)));
}

std::string joined(const std::vector<Instance>& instances, std::string Instance::* member) {
  std::string text;
  for (const Instance& instance : instances) text += (text.empty() ? "" : " ") + instance.*member;
  return text;
}

}  // namespace

asio::awaitable<Result<void>> run_hook(Services& services, HookCall call) {
  const std::string name = call.name;
  const std::string stack = call.stack;
  const std::string operation = call.operation;
  services.log.info("hook begins", kv("hook", name), kv("stack", stack), kv("operation", operation),
                    kv("instances", static_cast<int>(call.instances.size())));
  const SteadyTime begun = services.clock.steady_now();
  auto task =
      call.hook.webhook.empty() ? run_command(services, std::move(call)) : call_webhook(services, std::move(call));
  auto done = co_await std::move(task);
  const auto took = std::chrono::duration_cast<Duration>(services.clock.steady_now() - begun);
  if (done) {
    services.log.info("hook is done", kv("hook", name), kv("stack", stack), kv("operation", operation),
                      kv("took", format_duration(took)));
  } else {
    services.log.warn("hook failed", kv("hook", name), kv("stack", stack), kv("operation", operation),
                      kv("reason", done.error().reason()), kv("err", done.error().message()));
  }
  co_return done;
}

std::string hook_json(const HookCall& call) {
  nlohmann::ordered_json json;
  json["hook"] = call.name;
  json["stack"] = call.stack;
  json["operation"] = call.operation;
  json["from"] = call.from;
  json["to"] = call.to;
  json["instances"] = nlohmann::ordered_json::array();
  for (const Instance& instance : call.instances) {
    nlohmann::ordered_json entry;
    entry["address"] = instance.address;
    entry["id"] = instance.id;
    json["instances"].push_back(std::move(entry));
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::vector<std::string> hook_variables(const HookCall& call, const fs::path& file) {
  std::vector<std::string> variables{"STACKSCALER_HOOK=" + call.name,
                                     "STACKSCALER_STACK=" + call.stack,
                                     "STACKSCALER_OPERATION=" + call.operation,
                                     "STACKSCALER_FROM=" + std::to_string(call.from),
                                     "STACKSCALER_TO=" + std::to_string(call.to),
                                     "STACKSCALER_HOOK_FILE=" + file.string()};
  const std::string addresses = joined(call.instances, &Instance::address);
  const std::string ids = joined(call.instances, &Instance::id);
  if (addresses.size() <= kMaxVariable && ids.size() <= kMaxVariable) {
    variables.push_back("STACKSCALER_ADDRESSES=" + addresses);
    variables.push_back("STACKSCALER_IDS=" + ids);
  }
  return variables;
}

std::vector<Instance> going(const std::map<int, Instance>& before, int to) {
  std::vector<Instance> out;
  for (auto at = before.lower_bound(to); at != before.end(); ++at) out.push_back(at->second);
  return out;
}

std::vector<Instance> added(const std::map<int, Instance>& before, const std::map<int, Instance>& after) {
  std::vector<Instance> out;
  for (const auto& [index, instance] : after) {
    const auto was = before.find(index);
    if (was == before.end() || was->second.id != instance.id) out.push_back(instance);
  }
  return out;
}

std::string last_words(const std::string& text) {
  std::string plain = one_line(text, text.size());
  if (plain.size() <= kLastWords) return plain;
  std::size_t from = plain.size() - kLastWords + 3;  // the mark takes three
  while (from < plain.size() && (static_cast<unsigned char>(plain[from]) & 0xC0U) == 0x80U) ++from;
  return "…" + plain.substr(from);
}

}  // namespace stackscaler::terraform
