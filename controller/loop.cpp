// SPDX-License-Identifier: Apache-2.0
#include "controller/loop.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <set>

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kFirstSpread = 1s;  // first turns are spread over this, or over the interval if that is shorter
constexpr Duration kGrain = 1ms;       // turns due within one grain start together
constexpr Duration kIdle = 1h;
constexpr Duration kStateLook = 5s;  // how often local state files are looked at
constexpr Duration kPauseLook = 500ms;
constexpr Duration kPlanLook = 5s;  // between two plan checks

std::string pause_of(const policy::ScalingPolicy& policy) {
  return policy.cluster ? policy.cluster->paused : std::string();
}

}  // namespace

Loop::Loop(asio::any_io_executor executor, Clock& clock, Logger& logger, Random& random, Reconciler& reconciler,
           int workers)
    : clock_(clock),
      logger_(logger),
      random_(random),
      reconciler_(reconciler),
      free_workers_(workers),
      wake_(executor),
      tasks_(executor, logger) {
  reconciler_.on_progress([this](Reconciler::Memory memory, ports::OperationProgress progress) {
    tasks_.spawn("progress", reconciler_.report_progress(std::move(memory), std::move(progress)));
  });
}

void Loop::upsert(std::shared_ptr<const policy::ScalingPolicy> policy) {
  const policy::PolicyKey key = policy->key;
  auto& memory = memories_[key];
  const bool fresh = memory == nullptr;
  if (!fresh && memory->policy->spec_digest == policy->spec_digest && memory->policy->origin == policy->origin) {
    const bool as_before = pause_of(*memory->policy) == pause_of(*policy);
    memory->policy = std::move(policy);
    if (as_before) return;
    queue_.add(key, clock_.steady_now());
    wake_for(clock_.steady_now());
    return;
  }
  if (fresh) {
    memory = std::make_shared<PolicyMemory>();
    // What a replica before us wrote: transition times go on, and what has not changed is not written again.
    if (policy->cluster && policy->cluster->status) {
      memory->written = *policy->cluster->status;
      memory->ever_written = true;
      memory->written_at = clock_.steady_now();
    }
  } else if (memory->policy->spec.stack != policy->spec.stack) {
    // Another stack: nothing that was remembered of the old one holds for it.
    auto next = std::make_shared<PolicyMemory>();
    next->written = memory->written;
    next->ever_written = memory->ever_written;
    memory->retired = true;
    memory = std::move(next);
  }
  reconciler_.claims().release(key);
  const std::string rank = claim_rank(*policy);
  reconciler_.claims().claim(static_claim(policy->spec.stack), key, rank);
  if (memory->view) reconciler_.claims().claim(identity_claim(memory->view->identity), key, rank);
  memory->policy = std::move(policy);
  const Duration spread = std::min<Duration>(kFirstSpread, memory->policy->spec.interval);
  const auto delay =
      fresh ? Duration(static_cast<Duration::rep>(random_.unit() * static_cast<double>(spread.count()))) : Duration(0);
  const SteadyTime due = clock_.steady_now() + delay;
  queue_.add(key, due);
  if (observer_ != nullptr) observer_->known(*memory->policy);
  wake_for(due);
}

bool Loop::wake(const policy::PolicyKey& key, bool state_changed) {
  const auto found = memories_.find(key);
  if (found == memories_.end()) return false;
  found->second->state_changed = found->second->state_changed || state_changed;
  queue_.add(key, clock_.steady_now());
  wake_for(clock_.steady_now());
  return true;
}

std::vector<policy::PolicyKey> Loop::keys() const {
  std::vector<policy::PolicyKey> out;
  out.reserve(memories_.size());
  for (const auto& [key, memory] : memories_) out.push_back(key);
  return out;
}

const PolicyMemory* Loop::memory(const policy::PolicyKey& key) const {
  const auto found = memories_.find(key);
  return found == memories_.end() ? nullptr : found->second.get();
}

void Loop::remove(const policy::PolicyKey& key) {
  reconciler_.claims().release(key);
  reconciler_.forget(key);
  if (const auto found = memories_.find(key); found != memories_.end()) {
    found->second->retired = true;
    memories_.erase(found);
  }
  queue_.remove(key);
  if (observer_ != nullptr) observer_->gone(key);
}

asio::awaitable<void> Loop::run() {
  using asio::experimental::awaitable_operators::operator||;
  while (!stopping_) {
    start_due_turns();
    const SteadyTime now = clock_.steady_now();
    SteadyTime until = now + kIdle;
    if (const auto due = queue_.next_due(); due && free_workers_ > 0) until = std::max(*due, now + kGrain);
    sleeping_until_ = until;
    auto sleep = clock_.sleep_until(until);
    auto woken = wake_.wait();
    co_await (std::move(sleep) || std::move(woken));
    sleeping_until_ = SteadyTime::min();
  }
}

asio::awaitable<void> Loop::watch_states() {
  while (!stopping_) {
    auto slept = co_await clock_.sleep_for(kStateLook);
    if (!slept) co_return;
    const auto changed = co_await reconciler_.changed_stacks();
    if (changed.empty()) continue;
    const std::set<std::string> names(changed.begin(), changed.end());
    for (const auto& [key, memory] : memories_) {
      if (!memory->view || !names.contains(memory->view->name)) continue;
      memory->state_changed = true;
      queue_.add(key, clock_.steady_now());
    }
    wake_for(clock_.steady_now());
  }
}

asio::awaitable<void> Loop::watch_pause(const ports::Gate& gate) {
  std::string known;
  while (!stopping_) {
    std::string stopped = gate.stopped();
    if (stopped != known) {
      logger_.warn(stopped.empty() ? "resumed: changes are made again" : "paused: nothing new is started",
                   kv("cause", stopped.empty() ? known : stopped));
      known = std::move(stopped);
      for (const auto& [key, memory] : memories_) queue_.add(key, clock_.steady_now());
      wake_for(clock_.steady_now());
    }
    auto slept = co_await clock_.sleep_for(kPauseLook);
    if (!slept) co_return;
  }
}

asio::awaitable<void> Loop::watch_plans() {
  while (!stopping_) {
    auto slept = co_await clock_.sleep_for(kPlanLook);
    if (!slept) co_return;
    const SteadyTime now = clock_.steady_now();
    Reconciler::Memory first;
    for (const auto& [key, memory] : memories_) {
      if (memory->plan_due > now || memory->converging || !memory->view) continue;
      if (!first || memory->plan_due < first->plan_due) first = memory;
    }
    if (first) co_await reconciler_.check_plan(first);
  }
}

void Loop::start_due_turns() {
  const SteadyTime now = clock_.steady_now();
  while (!stopping_ && free_workers_ > 0) {
    const auto key = queue_.take(now);
    if (!key) return;
    const auto found = memories_.find(*key);
    if (found == memories_.end()) {
      queue_.done(*key, std::nullopt);
      continue;
    }
    found->second->due = queue_.last_due();
    counters_.lateness.add(std::chrono::duration_cast<Duration>(now - found->second->due));
    --free_workers_;
    tasks_.spawn("turn", work(*key, found->second));
  }
}

asio::awaitable<void> Loop::work(policy::PolicyKey key, Reconciler::Memory memory) {
  bool holds_place = true;
  auto leave_place = [this, &holds_place] {
    if (!holds_place) return;
    holds_place = false;
    if (free_workers_++ == 0) wake_.notify();  // somebody may be waiting for a place
  };
  std::function<void()> on_converge = leave_place;
  SteadyTime next = clock_.steady_now() + memory->policy->spec.interval;
  if (observer_ != nullptr) observer_->began(key);
  try {
    Turn turn = co_await reconciler_.turn(memory, std::move(on_converge));
    // A fixed pace: the next turn counts from when this one was due, not from when it ended.
    const SteadyTime now = clock_.steady_now();
    const Duration interval = reconciler_.next_interval(turn, *memory);
    next = memory->due + interval;
    if (next <= now) next = turn.converge.kind == ConvergeResult::Kind::scaled ? now : now + interval;
  } catch (const std::exception& e) {
    // Nothing in a turn throws by intent. If something does, the policy keeps its pace and its place is given back.
    logger_.error("a turn failed", kv("policy", key.str()), kv("err", e.what()));
  }
  ++counters_.turns;
  leave_place();
  queue_.done(key, memories_.contains(key) ? std::optional(next) : std::nullopt);
  if (const auto due = queue_.next_due()) wake_for(*due);
}

// Ends the sleep of run() if it would be too long. A run() that is not asleep looks at the queue before it sleeps.
void Loop::wake_for(SteadyTime due) {
  if (due < sleeping_until_) wake_.notify();
}

void Loop::stop() {
  stopping_ = true;
  wake_.notify();
}

asio::awaitable<void> Loop::drain() {
  return tasks_.join();
}

}  // namespace stackscaler::controller
