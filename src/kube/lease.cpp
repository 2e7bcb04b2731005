// SPDX-License-Identifier: Apache-2.0
#include "kube/lease.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <limits>

#include "async/cancelled.hpp"
#include "async/deadline.hpp"
#include "kube/detail/json.hpp"
#include "kube/detail/micro_time.hpp"
#include "kube/resource.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;
using detail::Json;

namespace {

constexpr double kJitter = 0.2;  // of the retry period, added
constexpr std::int64_t kLongest = 24 * 3600;
constexpr std::int64_t kMostTransitions = std::numeric_limits<std::int32_t>::max() - 1;

Resource leases() {
  Resource resource;
  resource.group = "coordination.k8s.io";
  resource.version = "v1";
  resource.plural = "leases";
  return resource;
}

}  // namespace

Result<void> check(const LeaseTimes& times) {
  const auto refuse = [&times](const char* what) {
    return fail(ErrorKind::invalid_input,
                fmt::format("leader election: {} (lease {}, renew {}, retry {})", what, format_duration(times.lease),
                            format_duration(times.renew), format_duration(times.retry)));
  };
  if (times.retry <= Duration::zero()) return refuse("the retry period must be more than zero");
  if (times.lease % std::chrono::seconds(1) != Duration::zero()) {
    return refuse("the lease duration must be whole seconds");
  }
  if (times.lease <= times.renew) return refuse("the lease duration must be longer than the renew deadline");
  if (times.renew * 10 <= times.retry * 12) {
    return refuse("the renew deadline must be longer than the retry period with its jitter, times 1.2");
  }
  return {};
}

struct LeaderElection::Record {
  std::string holder;
  std::int64_t duration_seconds = 0;
  std::string acquire_time;
  std::string renew_time;
  std::int64_t transitions = 0;
};

struct LeaderElection::Seen {
  bool exists = false;
  Json lease;  // the whole object
  Json spec;   // as it was when `at` was set
  Record record;
  SteadyTime at{};   // when this process first saw that record
  std::string told;  // the holder that the observer knows
};

LeaderElection::LeaderElection(Client& client, Clock& clock, Random& random, Logger& logger, LeaseName name,
                               LeaseTimes times, ElectionObserver& observer)
    : client_(client),
      clock_(clock),
      random_(random),
      logger_(logger),
      name_(std::move(name)),
      times_(times),
      observer_(observer),
      seen_(std::make_unique<Seen>()) {
  if (!check(times_) || name_.identity.empty() || name_.namespace_.empty() || name_.name.empty()) {
    logger_.error("leader election was made with times or names that were not checked");
    std::abort();
  }
}

LeaderElection::~LeaderElection() = default;

bool LeaderElection::is_leader() const {
  return leading_ && clock_.steady_now() < renewed_at_ + times_.renew;
}

const std::string& LeaderElection::holder() const {
  return seen_->record.holder;
}

bool LeaderElection::ours() const {
  return seen_->exists && seen_->record.holder == name_.identity;
}

// Takes note of the lease as the server has it; a record that differs begins its time anew.
void LeaderElection::see(const std::string& json) {
  auto parsed = detail::parse_json(json);
  Json lease = parsed ? std::move(*parsed) : Json::object();
  const Json& spec = detail::member(lease, "spec");
  const bool changed = !seen_->exists || spec != seen_->spec;
  if (changed) {
    seen_->spec = spec;
    seen_->at = clock_.steady_now();
    seen_->record.holder = detail::text(spec, "holderIdentity");
    // Bounded: whoever may write the lease could write anything.
    seen_->record.duration_seconds =
        std::clamp<std::int64_t>(detail::integer(spec, "leaseDurationSeconds"), 1, kLongest);
    seen_->record.acquire_time = detail::text(spec, "acquireTime");
    seen_->record.renew_time = detail::text(spec, "renewTime");
    seen_->record.transitions =
        std::clamp<std::int64_t>(detail::integer(spec, "leaseTransitions"), 0, kMostTransitions);
  }
  seen_->exists = true;
  seen_->lease = std::move(lease);
  if (seen_->record.holder != seen_->told) {
    seen_->told = seen_->record.holder;
    logger_.info("lease holder", kv("lease", name_.namespace_ + "/" + name_.name), kv("holder", seen_->told));
    observer_.on_holder(seen_->told);
  }
}

asio::awaitable<Result<void>> LeaderElection::read() {
  Request request(http::Method::get, leases().path(name_.namespace_, name_.name));
  request.priority = Priority::lease;
  request.deadline = times_.renew;
  request.retry = false;
  auto answer = co_await client_.send(std::move(request));
  if (answer) {
    see(answer->body);
    co_return Result<void>();
  }
  if (answer.error().kind() != ErrorKind::not_found) co_return fail(std::move(answer).error());
  // It may have been deleted by hand.
  seen_ = std::make_unique<Seen>();
  co_return Result<void>();
}

asio::awaitable<Result<void>> LeaderElection::write(Record record) {
  Json lease = seen_->exists ? seen_->lease : Json::object();
  lease["apiVersion"] = "coordination.k8s.io/v1";
  lease["kind"] = "Lease";
  if (!seen_->exists) {
    Json metadata = Json::object();
    metadata["name"] = name_.name;
    metadata["namespace"] = name_.namespace_;
    lease["metadata"] = std::move(metadata);
  }
  Json& spec = lease["spec"];
  if (!spec.is_object()) spec = Json::object();
  // An absent holder is how the lease says that nobody has it; an empty one is not valid to every server.
  if (record.holder.empty()) {
    spec.erase("holderIdentity");
  } else {
    spec["holderIdentity"] = record.holder;
  }
  spec["leaseDurationSeconds"] = record.duration_seconds;
  spec["acquireTime"] = record.acquire_time;
  spec["renewTime"] = record.renew_time;
  spec["leaseTransitions"] = record.transitions;
  Request request(seen_->exists ? http::Method::put : http::Method::post,
                  leases().path(name_.namespace_, seen_->exists ? name_.name : ""));
  request.body = detail::dump(lease);
  request.priority = Priority::lease;
  request.deadline = times_.renew;
  request.retry = false;
  auto answer = co_await client_.send(std::move(request));
  if (!answer) co_return fail(std::move(answer).error());
  see(answer->body);
  co_return Result<void>();
}

asio::awaitable<Result<bool>> LeaderElection::try_acquire_or_renew() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const SteadyTime sent = clock_.steady_now();
  const std::string now = detail::format_micro(clock_.wall_now());
  // A leader whose time is not over writes without asking first; the resourceVersion guards it.
  if (!(ours() && is_leader())) {
    auto read_now = co_await read();
    if (!read_now) co_return fail(std::move(read_now).error());
  }
  const SteadyTime free_at = seen_->at + std::chrono::seconds(seen_->record.duration_seconds);
  if (seen_->exists && !seen_->record.holder.empty() && !ours() && clock_.steady_now() < free_at) co_return false;
  Record record = seen_->record;
  if (!ours()) {
    record.acquire_time = now;
    if (seen_->exists) ++record.transitions;
  }
  record.holder = name_.identity;
  record.duration_seconds = std::chrono::duration_cast<std::chrono::seconds>(times_.lease).count();
  record.renew_time = now;
  auto written = co_await write(std::move(record));
  if (!written) {
    // Somebody has written it since: look before the next attempt.
    if (written.error().kind() == ErrorKind::conflict && !leading_) co_return false;
    if (written.error().kind() == ErrorKind::conflict || written.error().kind() == ErrorKind::not_found) {
      auto read_again = co_await read();
      if (read_again && seen_->exists && !ours()) co_return false;
    }
    co_return fail(std::move(written).error());
  }
  if (!ours()) co_return fail(ErrorKind::conflict, "the lease's holder is not who was written");
  lead(sent);
  co_return true;
}

void LeaderElection::lead(SteadyTime since) {
  renewed_at_ = since;
  if (!trouble_.empty()) {
    logger_.info("the lease is reached again", kv("lease", name_.namespace_ + "/" + name_.name));
    trouble_.clear();
  }
  if (leading_) return;
  leading_ = true;
  logger_.info("leading", kv("lease", name_.namespace_ + "/" + name_.name), kv("identity", name_.identity));
  observer_.on_leading();
}

void LeaderElection::lose(const std::string& why) {
  if (!leading_) return;
  leading_ = false;
  logger_.warn("leading no more", kv("lease", name_.namespace_ + "/" + name_.name), kv("reason", why));
  observer_.on_lost();
}

void LeaderElection::note(const Error& error) {
  if (error.kind() == ErrorKind::cancelled || !trouble_.empty()) return;
  trouble_ = error.message();
  logger_.warn("the lease can't be read or written; trying again", kv("lease", name_.namespace_ + "/" + name_.name),
               kv("err_kind", to_string(error.kind())), kv("err", error.message()));
}

asio::awaitable<void> LeaderElection::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    // No longer than until the leader's time is over: a request that hangs must not hide that.
    const Duration left =
        leading_ ? std::chrono::ceil<Duration>(renewed_at_ + times_.renew - clock_.steady_now()) : times_.renew;
    if (leading_ && left <= Duration::zero()) {
      lose("it could not be renewed for " + format_duration(times_.renew));
      continue;
    }
    auto attempt = try_acquire_or_renew();
    auto got = co_await with_deadline(clock_, left, "lease", std::move(attempt));
    if (co_await is_cancelled()) co_return;
    if (!got) note(got.error());
    if (got && !*got) lose("somebody else holds it: " + seen_->record.holder);
    if (leading_ && !is_leader()) {
      lose("it could not be renewed for " + format_duration(times_.renew));
      continue;
    }
    Duration pause =
        times_.retry +
        Duration(static_cast<Duration::rep>(static_cast<double>(times_.retry.count()) * kJitter * random_.unit()));
    if (leading_) {
      pause = std::min(times_.retry, std::chrono::ceil<Duration>(renewed_at_ + times_.renew - clock_.steady_now()));
    }
    auto slept = co_await clock_.sleep_for(pause);
    if (!slept) co_return;
  }
}

asio::awaitable<Result<void>> LeaderElection::release() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const bool held = is_leader() && ours();
  lose("stopping");
  if (!held) co_return Result<void>();
  // A renewal that was on its way when run() was cancelled may arrive in between: then what we know is old.
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    const std::string now = detail::format_micro(clock_.wall_now());
    Record record = seen_->record;
    record.holder.clear();
    record.duration_seconds = 1;
    record.acquire_time = now;
    record.renew_time = now;
    auto written = co_await write(std::move(record));
    if (written || written.error().kind() != ErrorKind::conflict || attempt == kAttempts) co_return written;
    auto known = co_await read();
    if (!known) co_return known;
    if (!ours()) co_return Result<void>();
  }
}

}  // namespace stackscaler::kube
