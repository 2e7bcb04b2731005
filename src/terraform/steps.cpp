// SPDX-License-Identifier: Apache-2.0
#include "terraform/steps.hpp"

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/failure.hpp"
#include "terraform/own_lock.hpp"
#include "terraform/sizing.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr std::size_t kLeastContext = 8;  // shorter values of a context are words that any text has
constexpr std::size_t kMaxState = 256U << 20U;
constexpr std::size_t kMaxPlanOutput = 64U << 20U;  // a longer stream would be refused as truncated

std::unexpected<Error> state_changed(const Target& target, const std::string& what,
                                     ErrorKind kind = ErrorKind::invalid_input) {
  std::string command = "stackscaler stack adopt " + target.entry.folder.string() + " --id " + target.entry.id;
  if (target.workspace != "default") command += " --workspace " + target.workspace;
  if (target.variable != "instance_count") command += " --variable " + target.variable;
  return fail(kind, reason::kStateChanged,
              "stack " + target.entry.id + ": " + what + "; nothing is done until somebody accepts it: " + command +
                  " --accept-state");
}

std::unexpected<Error> stopped() {
  return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
}

}  // namespace

std::string plural(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

RunSpec run_spec(const Services& services, const Target& target, std::vector<std::string> arguments,
                 Duration deadline) {
  RunSpec spec;
  spec.folder = target.entry.folder;
  spec.arguments = std::move(arguments);
  spec.workspace = workspace_variable(target.entry.folder, target.workspace);
  spec.variables = target.environment;
  spec.redactor = target.redactor;
  spec.deadline = deadline;
  spec.kill_after = services.options.kill_after;
  return spec;
}

std::string lock_timeout(const Services& services) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(services.options.lock_timeout).count();
  return "-lock-timeout=" + std::to_string(seconds) + "s";
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
  auto read = [variables = ref.env, more = services.options.allow_env] { return resolve_environment(variables, more); };
  auto environment = co_await offload(services.pool, std::move(read));
  if (!environment) co_return fail(std::move(environment).error().with_context("stack " + entry->id));
  Target target;
  target.environment = std::move(*environment);
  target.redactor = redactor_for(target.environment, ref.backend_config, services.tool.own());
  for (const std::string& value : stack::private_values(entry->metadata)) {
    if (value.size() >= kLeastContext) target.redactor.add(value);
  }
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
  if (!ref.template_file.empty()) {
    target.template_file = (target.entry.folder / ref.template_file).lexically_normal();
  } else if (!record.template_file.empty()) {
    target.template_file = (target.entry.home / record.template_file).lexically_normal();
  }
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

asio::awaitable<Result<State>> pull_state(Services& services, const Target& target) {
  auto version = co_await services.tool.version();
  if (!version) co_return fail(std::move(version).error());
  const std::string who = "stack " + target.entry.id + ": ";
  std::vector<std::string> arguments{"state", "pull"};
  RunSpec spec = run_spec(services, target, std::move(arguments), services.options.pull_deadline);
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (!result->exit.success() || result->flooded) {
    FailedCall failed = failed_call(services, target, "terraform state pull", reason::kStateUnreadable);
    failed.deadline = services.options.pull_deadline;
    const PlanStream nothing;
    co_return fail(call_error(failed, *result, nothing));
  }
  auto parse = [text = std::move(result->out)] { return parse_state(text); };
  auto state = co_await offload(services.pool, std::move(parse));
  if (!state && state.error().reason() == reason::kStateChanged) {
    if (target.entry.metadata.terraform->lineage.empty()) {
      co_return fail(ErrorKind::not_found, reason::kStackNotAdopted,
                     who + state.error().message() +
                         "; create it first (terraform apply with at least one instance), then adopt it");
    }
    co_return state_changed(target, state.error().message() +
                                        " (so does a terraform leave a local one that is killed while it writes: "
                                        "restore its terraform.tfstate.backup)");
  }
  if (!state) co_return fail(std::move(state).error().with_context("stack " + target.entry.id));
  co_return state;
}

namespace {

constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kLookPause{200};  // after the first, then each longer by that

// Nothing for a backend that is no file.
asio::awaitable<Result<std::optional<State>>> read_local(Services& services, const Target& target) {
  const fs::path folder = target.entry.folder;
  auto look = [folder, workspace = target.workspace]() -> Result<std::optional<State>> {
    auto backend = backend_of(folder, workspace);
    if (!backend) return fail(std::move(backend).error());
    if (backend->state_file.empty()) return std::optional<State>();
    auto text = read_file(backend->state_file, kMaxState);
    if (!text) return fail(std::move(text).error());
    auto state = parse_state(*text);
    if (!state) return fail(std::move(state).error());
    return std::optional(std::move(*state));
  };
  co_return co_await offload(services.pool, std::move(look));
}

}  // namespace

asio::awaitable<Result<State>> read_state(Services& services, const Target& target) {
  // Terraform rewrites a local file in place: what was read may be half of it, and `state pull` would read no more.
  for (int look = 1; look <= kLooks; ++look) {
    auto local = co_await read_local(services, target);
    if (local && *local) co_return std::move(**local);
    if (local || local.error().kind() == ErrorKind::not_found) break;
    if (auto slept = co_await services.clock.sleep_for(kLookPause * look); !slept) break;
  }
  co_return co_await pull_state(services, target);
}

asio::awaitable<Result<State>> read_state_after(Services& services, const Target& target, const State& before) {
  auto local = co_await read_local(services, target);
  if (local && *local && (*local)->lineage == before.lineage && (*local)->serial > before.serial) {
    co_return std::move(**local);
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
    return state_changed(target, "its state holds no " + target.resource + " any more", ErrorKind::not_found);
  }
  return {};
}

namespace {

asio::awaitable<Result<PlanStream>> plan_once(Services& services, const Target& target, PlanSpec plan,
                                              std::optional<StateLock>& held) {
  std::vector<std::string> arguments{"plan", "-json", "-input=false", "-detailed-exitcode"};
  if (!plan.shadow.empty()) arguments.insert(arguments.begin(), "-chdir=" + plan.shadow.string());
  if (!plan.plan_file.empty()) arguments.push_back("-out=" + plan.plan_file.string());
  if (plan.plan_file.empty() || plan.look_only) {
    arguments.emplace_back("-lock=false");
  } else {
    arguments.push_back(lock_timeout(services));
  }
  for (const std::string& file : target.var_files) arguments.push_back("-var-file=" + file);
  if (!plan.count_file.empty()) arguments.push_back("-var-file=" + plan.count_file.string());
  RunSpec spec = run_spec(services, target, std::move(arguments), services.options.plan_deadline);
  spec.operation = plan.operation;
  spec.stdout_file = plan.stream_file;
  spec.max_output = kMaxPlanOutput;
  spec.running = &services.plans;
  spec.stopping = &services.stopping;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  auto parse = [text = std::move(result->out), redactor = target.redactor] {
    PlanStream stream = parse_stream(text);
    redactor.apply(stream);
    return stream;
  };
  PlanStream stream = co_await offload(services.pool, std::move(parse));
  const bool good =
      result->exit.known && result->exit.signal == 0 && (result->exit.code == 0 || result->exit.code == 2);
  if (good && !result->timed_out && !result->flooded) co_return stream;
  if (services.stopping) co_return stopped();
  FailedCall failed = failed_call(services, target, "terraform plan", reason::kPlanFailed);
  failed.deadline = services.options.plan_deadline;
  Error error = call_error(failed, *result, stream);
  if (error.reason() == reason::kStateLocked) held = lock_in(*result, stream);
  co_return fail(std::move(error));
}

}  // namespace

asio::awaitable<Result<PlanStream>> make_plan(Services& services, const Target& target, PlanSpec plan) {
  PlanSpec again = plan;
  std::optional<StateLock> held;
  auto stream = co_await plan_once(services, target, std::move(plan), held);
  if (stream || !held) co_return stream;
  const bool released = co_await release_own_lock(services, target, *held);
  if (!released) co_return stream;
  co_return co_await plan_once(services, target, std::move(again), held);
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

asio::awaitable<Result<void>> put_user_count(Services& services, Target& target, int count, IfMissing if_missing) {
  auto put = [target, count, if_missing] { return put_size(target, count, if_missing); };
  auto fingerprint = co_await offload(services.pool, std::move(put));
  if (!fingerprint) co_return fail(std::move(fingerprint).error());
  if (!fingerprint->empty()) target.entry.metadata.terraform->init_fingerprint = std::move(*fingerprint);
  co_return Result<void>{};
}

}  // namespace stackscaler::terraform
