// SPDX-License-Identifier: Apache-2.0
#include "kube/events.hpp"

#include <fmt/core.h>

#include <boost/asio/this_coro.hpp>
#include <deque>
#include <map>

#include "async/cancelled.hpp"
#include "async/deadline.hpp"
#include "async/wake.hpp"
#include "kube/detail/json.hpp"
#include "kube/detail/micro_time.hpp"
#include "kube/detail/turns.hpp"
#include "kube/resource.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;
using detail::Json;

namespace {

constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxShort = 128;  // reason, action, reporting instance
constexpr std::size_t kMaxObjects = 16384;
constexpr Duration kRequestDeadline = std::chrono::seconds(10);

Resource events() {
  Resource resource;
  resource.group = "events.k8s.io";
  resource.version = "v1";
  resource.plural = "events";
  return resource;
}

std::string key_of(const ObjectReference& object) {
  return object.kind + "\x1f" + object.namespace_ + "\x1f" + object.name + "\x1f" + object.uid;
}

// An object in no namespace has its events in this one.
std::string namespace_of(const ObjectReference& object) {
  return object.namespace_.empty() ? "default" : object.namespace_;
}

Json reference(const ObjectReference& object) {
  Json out = Json::object();
  out["apiVersion"] = object.api_version;
  out["kind"] = object.kind;
  out["name"] = object.name;
  if (!object.namespace_.empty()) out["namespace"] = object.namespace_;
  if (!object.uid.empty()) out["uid"] = object.uid;
  if (!object.resource_version.empty()) out["resourceVersion"] = object.resource_version;
  return out;
}

}  // namespace

class EventRecorder::Core {
 public:
  Core(const asio::any_io_executor& executor, Client& client, Clock& clock, Random& random, Logger& logger,
       EventOptions options)
      : client_(client),
        clock_(clock),
        random_(random),
        logger_(logger),
        options_(std::move(options)),
        wake_(executor) {
    options_.reporting_instance = detail::cut(options_.reporting_instance, kMaxShort);
    if (options_.reporting_instance.empty()) options_.reporting_instance = "unknown";
  }

  void record(EventDraft draft);
  [[nodiscard]] asio::awaitable<void> run();
  [[nodiscard]] asio::awaitable<Result<void>> drain();
  EventStats stats;
  [[nodiscard]] Clock& clock() { return clock_; }

 private:
  // The same event again and again.
  struct Series {
    std::string namespace_;
    std::string name;  // of the event that was made; empty: it is yet to be
    EventDraft draft;
    WallTime first{};
    WallTime last{};
    SteadyTime last_steady{};  // of the last observation
    SteadyTime sent_at{};
    int count = 1;        // observed
    int sent = 0;         // as the server knows it
    bool queued = false;  // or being sent
  };

  [[nodiscard]] bool may_speak(const std::string& object, SteadyTime now);
  void forget_old(SteadyTime now);
  void enqueue(const std::string& key, Series& series);
  [[nodiscard]] SteadyTime due(const Series& series) const {
    return series.sent == 0 ? SteadyTime{} : series.sent_at + options_.series_pause;
  }
  [[nodiscard]] asio::awaitable<void> send_one(std::string key);
  [[nodiscard]] asio::awaitable<Result<void>> create_event(std::string key);
  [[nodiscard]] asio::awaitable<Result<void>> patch(std::string key);
  [[nodiscard]] std::string body_of(const Series& series) const;
  void drop(const std::string& why, const std::string& what);

  Client& client_;
  Clock& clock_;
  Random& random_;
  Logger& logger_;
  EventOptions options_;
  Wake wake_;
  std::map<std::string, Series> series_;
  std::map<std::string, detail::TokenBucket> objects_;
  std::deque<std::string> queue_;  // keys of series_
  bool told_ = false;              // the log has said that events are dropped
};

void EventRecorder::Core::drop(const std::string& why, const std::string& what) {
  ++stats.dropped;
  if (told_) return;
  told_ = true;
  logger_.warn("events about objects are dropped", kv("err", why), kv("reason", what));
}

bool EventRecorder::Core::may_speak(const std::string& object, SteadyTime now) {
  if (objects_.size() >= kMaxObjects) {
    std::erase_if(objects_, [now](auto& one) { return one.second.full(now); });
    if (objects_.size() >= kMaxObjects) return false;
  }
  const double seconds = std::chrono::duration<double>(options_.refill).count();
  return objects_.try_emplace(object, 1.0 / seconds, options_.burst).first->second.try_take(now);
}

void EventRecorder::Core::forget_old(SteadyTime now) {
  std::erase_if(series_, [&](const auto& one) {
    return !one.second.queued && now - one.second.last_steady >= options_.series_window;
  });
}

void EventRecorder::Core::enqueue(const std::string& key, Series& series) {
  series.queued = true;
  queue_.push_back(key);
  wake_.notify();
}

void EventRecorder::Core::record(EventDraft draft) {
  const SteadyTime now = clock_.steady_now();
  const std::string object = key_of(draft.regarding);
  const std::string key =
      object + "\x1f" + (draft.type == EventType::warning ? "W" : "N") + "\x1f" + draft.reason + "\x1f" + draft.action;
  if (const auto found = series_.find(key); found != series_.end()) {
    Series& series = found->second;
    if (series.queued || now - series.last_steady < options_.series_window) {
      ++series.count;
      series.last = clock_.wall_now();
      series.last_steady = now;
      if (!series.queued && queue_.size() < options_.queue) enqueue(key, series);
      return;
    }
    series_.erase(found);
  }
  if (queue_.size() >= options_.queue) return drop("too many are waiting", draft.reason);
  if (series_.size() >= options_.series) forget_old(now);
  if (series_.size() >= options_.series) return drop("too many different ones", draft.reason);
  if (!may_speak(object, now)) return drop("too many about one object", draft.reason);
  Series series;
  series.namespace_ = namespace_of(draft.regarding);
  series.draft = std::move(draft);
  series.first = series.last = clock_.wall_now();
  series.last_steady = now;
  enqueue(key, series_.insert_or_assign(key, std::move(series)).first->second);
}

std::string EventRecorder::Core::body_of(const Series& series) const {
  const EventDraft& draft = series.draft;
  Json metadata = Json::object();
  metadata["name"] = series.name;
  metadata["namespace"] = series.namespace_;
  Json event = Json::object();
  event["apiVersion"] = "events.k8s.io/v1";
  event["kind"] = "Event";
  event["metadata"] = std::move(metadata);
  event["eventTime"] = detail::format_micro(series.first);
  event["reportingController"] = options_.reporting_controller;
  event["reportingInstance"] = options_.reporting_instance;
  event["action"] = detail::cut(draft.action, kMaxShort);
  event["reason"] = detail::cut(draft.reason, kMaxShort);
  event["type"] = draft.type == EventType::warning ? "Warning" : "Normal";
  event["note"] = detail::cut(draft.note, kMaxNote);
  event["regarding"] = reference(draft.regarding);
  return detail::dump(event);
}

asio::awaitable<Result<void>> EventRecorder::Core::create_event(std::string key) {
  Series& series = series_.at(key);
  // As client-go names them, with chance instead of the time: an object's name and what tells its events apart.
  series.name = detail::cut(series.draft.regarding.name, 230);
  while (series.name.ends_with('-') || series.name.ends_with('.')) series.name.pop_back();
  series.name += "." + random_.id();
  Request request(http::Method::post, events().path(series.namespace_));
  request.body = body_of(series);
  request.deadline = kRequestDeadline;
  auto answer = co_await client_.send(std::move(request));
  if (!answer) co_return fail(std::move(answer).error());
  ++stats.created;
  series.sent = 1;
  series.sent_at = clock_.steady_now();
  co_return Result<void>();
}

asio::awaitable<Result<void>> EventRecorder::Core::patch(std::string key) {
  Series& series = series_.at(key);
  const int count = series.count;
  Json inner = Json::object();
  inner["count"] = count;
  inner["lastObservedTime"] = detail::format_micro(series.last);
  Json body = Json::object();
  body["series"] = std::move(inner);
  Request request(http::Method::patch, events().path(series.namespace_, series.name));
  request.body = detail::dump(body);
  request.content_type = kMergePatch;
  request.deadline = kRequestDeadline;
  auto answer = co_await client_.send(std::move(request));
  if (answer) {
    ++stats.patched;
    series.sent = count;
    series.sent_at = clock_.steady_now();
    co_return Result<void>();
  }
  if (answer.error().kind() != ErrorKind::not_found) co_return fail(std::move(answer).error());
  // The server keeps events for an hour or so: this one begins anew.
  series.sent = 0;
  series.count = 1;
  series.first = series.last;
  co_return co_await create_event(key);
}

asio::awaitable<void> EventRecorder::Core::send_one(std::string key) {
  // Counts as queued until it is sent, so nobody erases it meanwhile.
  Series& series = series_.at(key);
  Result<void> sent = Result<void>();
  if (series.sent == 0) {
    sent = co_await create_event(key);
  } else if (series.count > series.sent) {
    sent = co_await patch(key);
  }
  if (!sent && sent.error().kind() == ErrorKind::cancelled) {
    queue_.push_front(std::move(key));  // for flush()
    co_return;
  }
  series.queued = false;
  if (sent) {
    if (told_) logger_.info("events about objects are sent again");
    told_ = false;
    // Seen again while the request was on its way.
    if (series.count > series.sent) enqueue(key, series);
    co_return;
  }
  drop(sent.error().message(), series.draft.reason);
  // So that the next observation tries to make it again.
  if (series.sent == 0) series_.erase(key);
}

asio::awaitable<void> EventRecorder::Core::run() {
  using asio::experimental::awaitable_operators::operator||;
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    if (co_await is_cancelled()) co_return;
    const SteadyTime now = clock_.steady_now();
    SteadyTime next = SteadyTime::max();
    auto ready = queue_.end();
    for (auto at = queue_.begin(); at != queue_.end() && ready == queue_.end(); ++at) {
      const SteadyTime when = due(series_.at(*at));
      if (when <= now) ready = at;
      next = std::min(next, when);
    }
    if (ready != queue_.end()) {
      std::string key = *ready;
      queue_.erase(ready);
      co_await send_one(std::move(key));
      continue;
    }
    if (next == SteadyTime::max()) {
      auto woken = co_await wake_.wait();
      if (!woken) co_return;
    } else {
      auto woken = wake_.wait();
      auto timer = clock_.sleep_until(next);
      (void)co_await (std::move(woken) || std::move(timer));
    }
  }
}

// Whatever is waiting, due or not, once.
asio::awaitable<Result<void>> EventRecorder::Core::drain() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!queue_.empty()) {
    if (co_await is_cancelled()) co_return fail(ErrorKind::cancelled, "stopping");
    std::string key = queue_.front();
    queue_.pop_front();
    co_await send_one(std::move(key));
  }
  co_return Result<void>();
}

EventRecorder::EventRecorder(asio::any_io_executor executor, Client& client, Clock& clock, Random& random,
                             Logger& logger, EventOptions options)
    : core_(std::make_unique<Core>(executor, client, clock, random, logger, std::move(options))) {}
EventRecorder::~EventRecorder() = default;

void EventRecorder::record(EventDraft draft) {
  core_->record(std::move(draft));
}

asio::awaitable<void> EventRecorder::run() {
  return core_->run();
}

asio::awaitable<void> EventRecorder::flush(Duration deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto drained = core_->drain();
  (void)co_await with_deadline(core_->clock(), deadline, "events", std::move(drained));
}

const EventStats& EventRecorder::stats() const {
  return core_->stats;
}

}  // namespace stackscaler::kube
