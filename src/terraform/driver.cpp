// SPDX-License-Identifier: Apache-2.0
#include "terraform/driver.hpp"

#include <signal.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "policy/reasons.hpp"
#include "terraform/converge.hpp"
#include "terraform/judgement.hpp"
#include "terraform/lost.hpp"
#include "terraform/recover.hpp"
#include "terraform/scratch.hpp"
#include "terraform/sizing.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr Duration kStampsKept = std::chrono::hours(48);  // without an observation

template <class T>
asio::awaitable<void> store(asio::awaitable<T> task, std::optional<T>* out) {
  out->emplace(co_await std::move(task));
}

// Runs the task out of reach of the caller's cancellation: its own deadlines end it, and nothing else.
template <class T>
asio::awaitable<T> shielded(asio::any_io_executor executor, asio::awaitable<T> task) {
  std::optional<T> result;
  auto inner = store(std::move(task), &result);
  auto token = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  co_await asio::co_spawn(executor, std::move(inner), std::move(token));
  co_return std::move(*result);
}

asio::awaitable<std::optional<std::uint64_t>> look_at_memory(BlockingPool* pool,
                                                             std::function<std::optional<std::uint64_t>()> read) {
  co_return co_await offload(*pool, std::move(read));
}

std::unique_ptr<Admission> make_admission(const asio::any_io_executor& executor, BlockingPool& pool, Clock& clock,
                                          const DriverOptions& options) {
  AdmissionLimits limits;
  limits.max_concurrent = options.max_concurrent;
  limits.memory_per_run = options.memory_per_run;
  std::function<std::optional<std::uint64_t>()> read = [] { return available_memory(); };
  if (options.free_memory) read = options.free_memory;
  auto look = [where = &pool, read = std::move(read)] { return look_at_memory(where, read); };
  return std::make_unique<Admission>(executor, clock, limits, std::move(look));
}

Services make_services(const asio::any_io_executor& executor, BlockingPool& pool, Clock& clock, Logger& logger,
                       Random& random, const stack::Registry& registry, ports::Journal& journal,
                       DriverOptions options) {
  options.data = fs::absolute(options.data).lexically_normal();
  if (!options.plugin_cache.empty()) options.plugin_cache = fs::absolute(options.plugin_cache).lexically_normal();
  ToolOptions tool_options;
  tool_options.allow_env = options.allow_env;
  tool_options.plugin_cache = options.plugin_cache;
  tool_options.version_deadline = options.version_deadline;
  Tool tool(executor, pool, clock, options.binary, std::move(tool_options));
  auto admission = make_admission(executor, pool, clock, options);
  return Services{executor,
                  pool,
                  clock,
                  logger,
                  random,
                  registry,
                  journal,
                  std::move(options),
                  std::move(tool),
                  std::move(admission),
                  Slots(executor, 1)};
}

// A plan's shadow that is gone with the object.
class ScratchShadow {
 public:
  ScratchShadow(const Target& target, std::string operation) : target_(target), operation_(std::move(operation)) {}
  ~ScratchShadow() { drop_shadow(target_, operation_); }
  ScratchShadow(const ScratchShadow&) = delete;
  ScratchShadow& operator=(const ScratchShadow&) = delete;

 private:
  const Target& target_;
  std::string operation_;
};

}  // namespace

TerraformDriver::TerraformDriver(asio::any_io_executor executor, BlockingPool& pool, Clock& clock, Logger& logger,
                                 Random& random, const stack::Registry& registry, ports::Journal& journal,
                                 DriverOptions options)
    : services_(std::make_unique<Services>(
          make_services(executor, pool, clock, logger, random, registry, journal, std::move(options)))) {}

TerraformDriver::~TerraformDriver() = default;

asio::awaitable<Result<ports::StackView>> TerraformDriver::observe(policy::StackRef stack) {
  auto task = look(std::move(stack));
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<ports::PlanReport>> TerraformDriver::plan(policy::StackRef stack, int to) {
  auto task = plan_only(std::move(stack), to);
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<ports::ScaleReport>> TerraformDriver::scale(const ports::WritePermit& permit,
                                                                   ports::ScaleOrder order,
                                                                   ports::ProgressSink progress) {
  Converge operation(*services_, permit, std::move(order), std::move(progress));
  auto task = operation.run();
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<ports::OperationRecord>> TerraformDriver::recover(const ports::WritePermit& permit,
                                                                         ports::OperationRecord open,
                                                                         ports::ProgressSink progress) {
  Recover operation(*services_, permit, std::move(open), std::move(progress));
  auto task = operation.run();
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<AdoptReport>> TerraformDriver::adopt(const ports::WritePermit& permit, AdoptRequest request) {
  auto open = permit.check();
  if (!open) co_return fail(std::move(open).error());
  auto task = adopt_stack(*services_, std::move(request));
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<DeployReport>> TerraformDriver::deploy(const ports::WritePermit* permit, DeployRequest request,
                                                              ports::ProgressSink progress) {
  Deploy operation(*services_, permit, std::move(request), std::move(progress));
  auto task = operation.run();
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<DoctorReport>> TerraformDriver::examine(DoctorRequest request) {
  auto task = examine_stack(*services_, std::move(request));
  co_return co_await shielded(services_->executor, std::move(task));
}

asio::awaitable<Result<ports::StackView>> TerraformDriver::look(policy::StackRef stack) {
  auto target = co_await resolve(*services_, std::move(stack));
  if (!target) co_return fail(std::move(target).error());
  auto look_at = [folder = target->entry.folder, workspace = target->workspace,
                  sized_by = by_template(*target) ? target->template_file : fs::path()] {
    auto backend = backend_of(folder, workspace);
    FileStamp stamp;
    if (backend && !backend->state_file.empty()) stamp = stamp_of(backend->state_file);
    std::error_code ec;
    return std::tuple(std::move(backend), stamp, fs::weakly_canonical(folder, ec), config_stamp(folder, sized_by));
  };
  auto found = co_await offload(services_->pool, std::move(look_at));
  auto& backend = std::get<0>(found);
  if (!backend) co_return fail(std::move(backend).error());
  const WallTime read_at = services_->clock.wall_now();
  auto state = co_await read_state(*services_, *target);
  if (!state) co_return fail(std::move(state).error());
  auto known = check_known(*target, *backend, *state);
  if (!known) co_return fail(std::move(known).error());
  if (backend->state_file.empty()) {
    services_->stamps.erase(target->entry.id);
  } else {
    services_->stamps[target->entry.id] =
        WatchedState{backend->state_file, std::get<1>(found), services_->clock.steady_now()};
  }
  ports::StackView view;
  view.name = target->entry.id;
  view.identity = std::get<2>(found).string() + "#" + target->workspace + "#" + state->lineage;
  view.indexes = state->indexes(target->resource);
  view.count = static_cast<int>(view.indexes.size());
  view.resource = target->resource;
  view.config_stamp = std::get<3>(found);
  view.read_at = read_at;
  co_return view;
}

asio::awaitable<Result<ports::PlanReport>> TerraformDriver::plan_only(policy::StackRef stack, int to) {
  auto target = co_await resolve(*services_, std::move(stack));
  if (!target) co_return fail(std::move(target).error());
  auto slot = co_await services_->admission->enter(Admission::Told());
  if (!slot) co_return fail(std::move(slot).error());
  if (services_->stopping) co_return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
  auto state = co_await pull_state(*services_, *target);
  if (!state) co_return fail(std::move(state).error());
  auto look_at = [folder = target->entry.folder, workspace = target->workspace] {
    return backend_of(folder, workspace);
  };
  auto backend = co_await offload(services_->pool, std::move(look_at));
  if (!backend) co_return fail(std::move(backend).error());
  auto known = check_known(*target, *backend, *state);
  if (!known) co_return fail(std::move(known).error());

  const std::string id = "plan-" + services_->random.id();
  const OperationFolder folder(services_->options.data, id);
  const ScratchFolder scratch(folder.path());
  const ScratchShadow scratch_shadow(*target, id);
  const int from = static_cast<int>(state->indexes(target->resource).size());
  auto make = [folder, keep = services_->options.keep_operations, target = *target, id, from, to]() -> Result<Sized> {
    auto created = folder.create(keep);
    if (!created) return fail(std::move(created).error());
    return size_plan(target, folder, id, from, to);
  };
  auto made = co_await offload(services_->pool, std::move(make));
  if (!made) co_return fail(std::move(made).error());
  auto half_made = co_await half_made_before(*services_, *target);
  if (!half_made) co_return fail(std::move(half_made).error());
  PlanSpec spec;
  spec.count_file = made->count_file;
  spec.shadow = made->shadow;
  spec.look_only = true;
  // Only an allowed update is looked into.
  if (!target->ref.allow_updates.empty()) spec.plan_file = folder.plan_file();
  PlanSpec again = spec;
  auto stream = co_await make_plan(*services_, *target, std::move(spec));
  if (!stream) co_return fail(std::move(stream).error());
  GuardInput input = guard_input(*target, *state, to);
  input.half_made = std::move(*half_made);
  auto verdict = co_await judge_plan(*services_, *target, std::move(*stream), std::move(input), std::move(again));
  if (!verdict) co_return fail(std::move(verdict).error());
  ports::PlanReport report;
  report.from = static_cast<int>(state->indexes(target->resource).size());
  report.to = to;
  report.nothing_to_do = verdict->nothing_to_do;
  report.summary = std::move(verdict->summary);
  report.refused = std::move(verdict->refused);
  report.refusal_reason = std::move(verdict->reason);
  co_return report;
}

asio::awaitable<std::vector<ports::OperationRecord>> TerraformDriver::lost_operations() {
  auto look_for = [data = services_->options.data, &registry = services_->registry] {
    return operations_not_over(data, registry);
  };
  auto found = co_await offload(services_->pool, std::move(look_for));
  std::vector<ports::OperationRecord> lost;
  for (ports::OperationRecord& record : found) {
    auto known = co_await services_->journal.operation(record.id);
    // Unreadable: nothing is begun on such a journal, so there is nothing to protect.
    if (!known || *known) continue;
    services_->log.warn("an operation that is not over is not in the journal", kv("operation", record.id),
                        kv("stack", record.stack), kv("from", record.from), kv("to", record.to));
    lost.push_back(std::move(record));
  }
  co_return lost;
}

asio::awaitable<std::vector<std::string>> TerraformDriver::changed_stacks() {
  // A stack that no policy names any more is observed no more.
  const SteadyTime old = services_->clock.steady_now() - kStampsKept;
  std::erase_if(services_->stamps, [&](const auto& item) { return item.second.observed < old; });
  auto look_at_all = [stamps = services_->stamps] {
    std::vector<std::pair<std::string, WatchedState>> changed;
    for (const auto& [name, watched] : stamps) {
      const FileStamp now = stamp_of(watched.file);
      if (now != watched.stamp) changed.emplace_back(name, WatchedState{watched.file, now, watched.observed});
    }
    return changed;
  };
  auto changed = co_await offload(services_->pool, std::move(look_at_all));
  std::vector<std::string> names;
  for (auto& [name, watched] : changed) {
    const auto known = services_->stamps.find(name);
    if (known == services_->stamps.end()) continue;
    known->second = std::move(watched);  // told once; who is told observes
    names.push_back(std::move(name));
  }
  co_return names;
}

void TerraformDriver::stop() {
  services_->stopping = true;
  services_->admission->close();
  for (ChildProcess* plan : services_->plans) plan->signal(SIGINT);
}

void TerraformDriver::interrupt() {
  for (ChildProcess* apply : services_->applies) {
    services_->log.warn("interrupting an apply: the grace time is over", kv("pid", apply->id().pid));
    apply->signal(SIGINT);
  }
}

}  // namespace stackscaler::terraform
