// SPDX-License-Identifier: Apache-2.0
#include "cluster/cluster_source.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "async/cancelled.hpp"
#include "cluster/resource.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::cluster {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kRetry = 10s;         // of a refusal that could not be written, or a Secret that could not be read
constexpr Duration kRenewSecrets = 30s;  // how old a rotated Secret may get
constexpr Duration kLook = 1s;           // for retries that are due

policy::PolicyKey key_of(const kube::ObjectKey& key) {
  return {key.namespace_, key.name};
}

}  // namespace

// One informer and where what it tells goes.
class ClusterSource::Feed final : public kube::Sink {
 public:
  Feed(ClusterSource& source, const std::string& space)
      : source_(source),
        informer_(source.parts_.client, source.parts_.clock, source.parts_.random, source.parts_.logger,
                  kube::InformerTarget{policies(), space, source.options_.selector}, *this) {}

  void on_upsert(const kube::Object& object) override { source_.upsert(object); }
  void on_remove(const kube::ObjectKey& key) override { source_.remove(key); }
  void on_synced() override {}
  [[nodiscard]] kube::Informer& informer() { return informer_; }

 private:
  ClusterSource& source_;
  kube::Informer informer_;
};

ClusterSource::ClusterSource(Parts parts, Options options)
    : parts_(std::move(parts)), options_(std::move(options)), wake_(parts_.executor) {
  std::vector<std::string> namespaces = options_.namespaces;
  if (namespaces.empty()) namespaces.emplace_back();
  for (const std::string& one : namespaces) feeds_.push_back(std::make_unique<Feed>(*this, one));
}

ClusterSource::~ClusterSource() = default;

asio::awaitable<Result<void>> ClusterSource::load(ports::PolicySink& /*sink*/) {
  co_return Result<void>{};
}

asio::awaitable<void> ClusterSource::watch(ports::PolicySink& sink) {
  co_await asio::this_coro::throw_if_cancelled(false);
  TaskGroup tasks(parts_.executor, parts_.logger);
  for (const auto& feed : feeds_) tasks.spawn("watch policies", feed->informer().run());
  tasks.spawn("policies", work(sink));
  tasks.spawn("secrets", renew_secrets());
  (void)co_await parts_.clock.sleep_until(SteadyTime::max());  // until cancelled
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  tasks.request_stop();
  co_await tasks.join();
}

bool ClusterSource::synced() const {
  return std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed->informer().synced(); });
}

std::string ClusterSource::trouble() const {
  for (const auto& feed : feeds_) {
    if (!feed->informer().trouble().empty()) return feed->informer().trouble();
  }
  return {};
}

void ClusterSource::look_again() {
  for (auto& [key, known] : known_) {
    if (!known.read.policy || known.told.empty()) known.dirty = true;
  }
  wake_.notify();
}

void ClusterSource::upsert(const kube::Object& object) {
  if (object.deleting) {
    remove(object.key);
    return;
  }
  Known& known = known_[key_of(object.key)];
  ObjectPolicy read = read_object(object, options_.defaults, options_.grants);
  // Our own write of a refusal comes back as a change of the object.
  if (known.refused_said && !read.policy && read.reason == known.read.reason && read.problem == known.read.problem) {
    known.read = std::move(read);
    return;
  }
  known.read = std::move(read);
  known.dirty = true;
  known.refused_said = false;
  wake_.notify();
}

void ClusterSource::remove(const kube::ObjectKey& object) {
  const policy::PolicyKey key = key_of(object);
  if (known_.erase(key) == 0) return;
  gone_.push_back(key);
  wake_.notify();
}

std::optional<policy::PolicyKey> ClusterSource::next_dirty() const {
  for (const auto& [key, known] : known_) {
    if (known.dirty) return key;
  }
  return std::nullopt;
}

asio::awaitable<void> ClusterSource::work(ports::PolicySink& sink) {
  using asio::experimental::awaitable_operators::operator||;
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    // Which of two waits was cancelled first says nothing, and a cancellation comes once: it may be during settle().
    if (co_await is_cancelled()) co_return;
    for (const policy::PolicyKey& key : std::exchange(gone_, {})) {
      parts_.secrets.forget(key);
      if (!known_.contains(key)) sink.remove(key);
    }
    const SteadyTime now = parts_.clock.steady_now();
    for (auto& [key, known] : known_) {
      if (known.retry == SteadyTime{} || known.retry > now) continue;
      known.retry = SteadyTime{};
      known.dirty = true;
    }
    std::vector<policy::PolicyKey> dirty;
    for (const auto& [key, known] : known_) {
      if (known.dirty) dirty.push_back(key);
    }
    for (const policy::PolicyKey& key : dirty) {
      policy::PolicyKey copy = key;
      co_await settle(sink, std::move(copy));
    }
    if (!gone_.empty() || next_dirty()) continue;
    auto sleep = parts_.clock.sleep_for(kLook);
    auto woken = wake_.wait();
    (void)co_await (std::move(sleep) || std::move(woken));
  }
}

asio::awaitable<void> ClusterSource::settle(ports::PolicySink& sink, policy::PolicyKey key) {
  auto found = known_.find(key);
  if (found == known_.end()) co_return;
  found->second.dirty = false;
  std::shared_ptr<policy::ScalingPolicy> policy;
  if (found->second.read.policy) {
    policy = std::make_shared<policy::ScalingPolicy>(*found->second.read.policy);
    if (SecretFiles::needed(*policy)) {
      auto placed = co_await parts_.secrets.place(*policy);
      found = known_.find(key);
      if (found == known_.end() || found->second.dirty) co_return;  // it went or changed meanwhile: settled anew
      if (!placed) {
        if (placed.error().kind() == ErrorKind::cancelled) co_return;
        found->second.read.reason = policy::reason::kSecretUnavailable;
        found->second.read.problem = placed.error().message();
        found->second.retry = parts_.clock.steady_now() + kRetry;
        policy.reset();
      }
    } else {
      parts_.secrets.forget(key);
    }
  }
  if (policy) {
    found->second.told = policy->spec_digest;
    found->second.refused_said = false;
    sink.upsert(std::move(policy));
    co_return;
  }
  if (!std::exchange(found->second.told, {}).empty()) sink.remove(key);
  co_await say_refused(std::move(key));
}

asio::awaitable<void> ClusterSource::say_refused(policy::PolicyKey key) {
  auto found = known_.find(key);
  if (found == known_.end() || found->second.refused_said || !parts_.leading()) co_return;
  found->second.refused_said = true;
  const policy::ClusterFacts facts = found->second.read.facts;
  const std::string reason = found->second.read.reason;
  const std::string problem = found->second.read.problem;
  parts_.logger.error("policy refused", kv("policy", key.str()), kv("reason", reason), kv("err", problem));
  parts_.events.refused(key, facts, reason, problem);
  auto said = co_await parts_.status.refuse(key, facts, reason, problem);
  if (said || said.error().kind() == ErrorKind::cancelled) co_return;
  parts_.logger.warn("the status could not be written", kv("policy", key.str()), kv("err", said.error().message()));
  found = known_.find(key);
  if (found == known_.end()) co_return;
  found->second.refused_said = false;
  found->second.retry = parts_.clock.steady_now() + kRetry;
}

asio::awaitable<void> ClusterSource::renew_secrets() {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    if (co_await is_cancelled()) co_return;
    auto slept = co_await parts_.clock.sleep_for(kRenewSecrets);
    if (!slept) co_return;
    co_await parts_.secrets.refresh();
  }
}

}  // namespace stackscaler::cluster
