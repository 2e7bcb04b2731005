// SPDX-License-Identifier: Apache-2.0
#include "terraform/steps.hpp"

#include "base/files.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr std::size_t kMaxState = 256U << 20U;

std::unexpected<Error> state_changed(const Target& target, const std::string& what) {
  std::string command = "stackscaler stack adopt " + target.entry.folder.string() + " --id " + target.entry.id;
  if (target.workspace != "default") command += " --workspace " + target.workspace;
  if (target.variable != "instance_count") command += " --variable " + target.variable;
  return fail(ErrorKind::invalid_input, reason::kStateChanged,
              "stack " + target.entry.id + ": " + what + "; nothing is done until somebody accepts it: " + command +
                  " --accept-state");
}

std::unexpected<Error> stopped() {
  return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
}

Error plan_error(const Target& target, const RunResult& result, const PlanStream& stream, Duration deadline) {
  const std::string who = "stack " + target.entry.id + ": ";
  if (result.timed_out) {
    return Error(ErrorKind::timeout, reason::kPlanFailed,
                 who + "terraform plan took longer than " + format_duration(deadline) + " and was interrupted");
  }
  if (lock_held(stream)) {
    return Error(ErrorKind::conflict, reason::kStateLocked, who + "the Terraform state lock is " + lock_holder(stream));
  }
  std::string text = error_text(stream);
  if (init_needed(stream)) {
    return Error(ErrorKind::invalid_input, reason::kInitNeeded,
                 who + text + "; run: terraform -chdir=" + target.entry.folder.string() + " init");
  }
  if (text.empty()) text = stderr_text(result.err);
  if (text.empty()) text = "it ended without saying why";
  return Error(ErrorKind::unavailable, reason::kPlanFailed, who + "terraform plan failed: " + text);
}

}  // namespace

std::string plural(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string workspace_variable(const fs::path& folder, const std::string& workspace) {
  return workspace == "default" && selected_workspace(folder) == "default" ? std::string() : workspace;
}

asio::awaitable<Result<Target>> resolve(Services& services, policy::StackRef ref) {
  auto find = [&registry = services.registry, ref] {
    return registry.find(stack::StackName{ref.id, ref.path, ref.workspace});
  };
  auto entry = co_await offload(services.pool, std::move(find));
  if (!entry) co_return fail(std::move(entry).error());
  Target target;
  target.ref = ref;
  target.entry = std::move(*entry);
  if (!target.entry.metadata.terraform || target.entry.metadata.terraform->lineage.empty()) {
    co_return fail(ErrorKind::not_found, reason::kStackNotAdopted,
                   "stack " + target.entry.id + " was deployed but never taken in; run: stackscaler stack adopt " +
                       target.entry.folder.string() + " --id " + target.entry.id);
  }
  const stack::TerraformRecord& record = *target.entry.metadata.terraform;
  target.resource = ref.resource.empty() ? record.resource : ref.resource;
  // The policy's default can't be told from a policy that says so: what was adopted stands then.
  const bool named = ref.variable != policy::StackRef().variable;
  target.variable = named || record.variable.empty() ? ref.variable : record.variable;
  target.workspace = ref.workspace;
  target.dependents = record.dependents;
  target.dependents.insert(target.dependents.end(), ref.dependents.begin(), ref.dependents.end());
  target.var_files = ref.var_files;
  target.allow_data_loss = ref.allow_data_loss;
  if (record.workspace != ref.workspace) {
    co_return state_changed(
        target, "it was taken in with workspace " + record.workspace + ", the policy says " + ref.workspace);
  }
  co_return target;
}

asio::awaitable<Result<void>> ensure_init(Services& services, Target& target) {
  const fs::path folder = target.entry.folder;
  auto read = [folder] { return fingerprint(folder); };
  auto again = read;
  auto before = co_await offload(services.pool, std::move(read));
  if (!before) co_return fail(std::move(before).error());
  stack::TerraformRecord& record = *target.entry.metadata.terraform;
  if (*before == record.init_fingerprint) co_return Result<void>{};
  co_await services.init_slots.acquire();
  const SlotHolder holder(services.init_slots);
  if (services.stopping) co_return stopped();
  RunSpec spec;
  spec.folder = folder;
  spec.arguments = {"init", "-input=false", "-no-color"};
  std::error_code ec;
  if (fs::exists(folder / ".terraform.lock.hcl", ec)) spec.arguments.emplace_back("-lockfile=readonly");
  spec.workspace = workspace_variable(folder, target.workspace);
  spec.deadline = services.options.init_deadline;
  spec.kill_after = services.options.kill_after;
  spec.running = &services.plans;
  spec.stopping = &services.stopping;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (!result->exit.success()) {
    if (services.stopping) co_return stopped();
    const std::string why = result->timed_out ? "no end within " + format_duration(services.options.init_deadline)
                                              : stderr_text(result->err);
    co_return fail(ErrorKind::unavailable, reason::kInitFailed,
                   "stack " + target.entry.id + ": terraform init failed in " + folder.string() + ": " + why);
  }
  // init makes .terraform and the lock file: the fingerprint to remember is the one after it.
  auto after = co_await offload(services.pool, std::move(again));
  if (!after) co_return fail(std::move(after).error());
  record.init_fingerprint = std::move(*after);
  // A stack that is only being adopted is written once, when all of it is known.
  if (record.lineage.empty()) co_return Result<void>{};
  auto save = [&registry = services.registry, entry = target.entry] { return registry.save(entry); };
  co_return co_await offload(services.pool, std::move(save));
}

asio::awaitable<Result<State>> pull_state(Services& services, const Target& target) {
  auto version = co_await services.tool.version();
  if (!version) co_return fail(std::move(version).error());
  RunSpec spec;
  spec.folder = target.entry.folder;
  spec.arguments = {"state", "pull"};
  spec.workspace = workspace_variable(target.entry.folder, target.workspace);
  spec.deadline = services.options.pull_deadline;
  spec.kill_after = services.options.kill_after;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  const std::string who = "stack " + target.entry.id + ": ";
  if (!result->exit.success()) {
    const std::string why = result->timed_out ? "no answer within " + format_duration(services.options.pull_deadline)
                                              : stderr_text(result->err);
    co_return fail(ErrorKind::unavailable, reason::kStateUnreadable, who + "terraform state pull failed: " + why);
  }
  auto parse = [text = std::move(result->out)] { return parse_state(text); };
  auto state = co_await offload(services.pool, std::move(parse));
  if (!state && state.error().reason() == reason::kStateChanged) {
    if (target.entry.metadata.terraform->lineage.empty()) {
      co_return fail(ErrorKind::not_found, reason::kStackNotAdopted,
                     who + state.error().message() +
                         "; create it first (terraform apply with at least one instance), then adopt it");
    }
    co_return state_changed(target, state.error().message());
  }
  if (!state) co_return fail(std::move(state).error().with_context("stack " + target.entry.id));
  co_return state;
}

asio::awaitable<Result<State>> read_state(Services& services, const Target& target) {
  const fs::path folder = target.entry.folder;
  auto look = [folder, workspace = target.workspace] { return backend_of(folder, workspace); };
  auto backend = co_await offload(services.pool, std::move(look));
  if (!backend) co_return fail(std::move(backend).error());
  if (!backend->state_file.empty()) {
    auto read = [file = backend->state_file]() -> Result<State> {
      auto text = read_file(file, kMaxState);
      if (!text) return fail(std::move(text).error());
      return parse_state(*text);
    };
    auto state = co_await offload(services.pool, std::move(read));
    if (state) co_return state;
    // Terraform rewrites the file in place: what was read may be half of it.
    (void)co_await services.clock.sleep_for(std::chrono::milliseconds(200));
  }
  co_return co_await pull_state(services, target);
}

Result<void> check_known(const Target& target, const Backend& backend, const State& state) {
  const stack::TerraformRecord& record = *target.entry.metadata.terraform;
  if (record.backend != backend.kind) {
    return state_changed(target, "its backend was " + record.backend + " and is " + backend.kind + " now");
  }
  if (record.lineage != state.lineage) {
    return state_changed(target,
                         "its state is another one (lineage " + state.lineage + ", not " + record.lineage + ")");
  }
  if (state.serial < record.serial) {
    return state_changed(target, "its state is older than one seen before (serial " + std::to_string(state.serial) +
                                     ", not " + std::to_string(record.serial) + " or more)");
  }
  if (state.indexes(target.resource).empty() && target.entry.metadata.instance_count.value_or(1) > 0) {
    return state_changed(target, "its state holds no " + target.resource + " any more");
  }
  return {};
}

asio::awaitable<Result<PlanStream>> make_plan(Services& services, const Target& target, PlanSpec plan) {
  RunSpec spec;
  spec.folder = target.entry.folder;
  spec.arguments = {"plan", "-json", "-input=false", "-detailed-exitcode"};
  if (!plan.plan_file.empty()) spec.arguments.push_back("-out=" + plan.plan_file.string());
  if (plan.plan_file.empty() || plan.look_only) {
    spec.arguments.emplace_back("-lock=false");
  } else {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(services.options.lock_timeout).count();
    spec.arguments.push_back("-lock-timeout=" + std::to_string(seconds) + "s");
  }
  for (const std::string& file : target.var_files) spec.arguments.push_back("-var-file=" + file);
  spec.arguments.push_back("-var-file=" + plan.count_file.string());
  spec.operation = plan.operation;
  spec.workspace = workspace_variable(target.entry.folder, target.workspace);
  spec.deadline = services.options.plan_deadline;
  spec.kill_after = services.options.kill_after;
  spec.stdout_file = plan.stream_file;
  spec.running = &services.plans;
  spec.stopping = &services.stopping;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  auto parse = [text = std::move(result->out)] { return parse_stream(text); };
  PlanStream stream = co_await offload(services.pool, std::move(parse));
  const bool good =
      result->exit.known && result->exit.signal == 0 && (result->exit.code == 0 || result->exit.code == 2);
  if (good && !result->timed_out) co_return stream;
  if (services.stopping) co_return stopped();
  co_return fail(plan_error(target, *result, stream, services.options.plan_deadline));
}

GuardInput guard_input(const Target& target, const State& state, int to) {
  GuardInput input;
  input.indexes = state.indexes(target.resource);
  input.target = to;
  input.resource = target.resource;
  input.dependents = target.dependents;
  for (const std::string& base : target.dependents) {
    const std::vector<int> indexes = state.indexes(base);
    input.dependent_indexes[base] = {indexes.begin(), indexes.end()};
  }
  input.allow_data_loss = target.allow_data_loss;
  input.allow_updates = target.ref.allow_updates;
  return input;
}

asio::awaitable<Result<void>> save_metadata(Services& services, Target& target, const State& state,
                                            std::string scale_reason) {
  stack::Metadata& metadata = target.entry.metadata;
  metadata.instance_count = static_cast<int>(state.indexes(target.resource).size());
  if (!scale_reason.empty()) {
    metadata.last_scaled_at = format_rfc3339(services.clock.wall_now());
    metadata.last_scale_reason = std::move(scale_reason);
  }
  metadata.terraform->lineage = state.lineage;
  metadata.terraform->serial = std::max(metadata.terraform->serial, state.serial);
  auto save = [&registry = services.registry, entry = target.entry]() mutable {
    // What others have written into the file since it was read stays.
    if (auto now = registry.load(entry.id)) entry.metadata.raw = std::move(now->metadata.raw);
    return registry.save(entry);
  };
  co_return co_await offload(services.pool, std::move(save));
}

asio::awaitable<Result<void>> put_user_count(Services& services, const Target& target, int count,
                                             IfMissing if_missing) {
  auto put = [folder = target.entry.folder, variable = target.variable, count, if_missing] {
    return put_count(folder, variable, count, if_missing);
  };
  co_return co_await offload(services.pool, std::move(put));
}

}  // namespace stackscaler::terraform
