// SPDX-License-Identifier: Apache-2.0
#include "kube/informer.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <vector>

#include "async/cancelled.hpp"
#include "http/url.hpp"
#include "kube/detail/watch_event.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;

namespace {

constexpr int kFailuresUntilRelist = 5;  // watches in a row that failed whatever the reason

// Opaque by contract, so only two numbers are compared, and only to notice a server that has gone back.
bool went_back(std::string_view from, std::string_view to) {
  const auto number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!number(from) || !number(to)) return false;
  return to.size() != from.size() ? to.size() < from.size() : to < from;
}

}  // namespace

Informer::Informer(Client& client, Clock& clock, Random& random, Logger& logger, InformerTarget target, Sink& sink,
                   InformerOptions options)
    : client_(client),
      clock_(clock),
      random_(random),
      logger_(logger),
      target_(std::move(target)),
      sink_(sink),
      options_(options) {}

asio::awaitable<void> Informer::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    const bool listing = std::holds_alternative<Empty>(state_) || std::holds_alternative<Listing>(state_);
    Result<void> done = Result<void>();
    if (listing) {
      done = co_await list_page();
    } else {
      done = co_await watch();
    }
    if (co_await is_cancelled()) co_return;
    if (done) continue;
    note_failure(done.error());
    auto slept =
        co_await clock_.sleep_for(backoff_delay(random_, attempts_, options_.backoff_first, options_.backoff_cap));
    if (!slept) co_return;
  }
}

std::string Informer::query_of_page() const {
  std::string query = "limit=" + std::to_string(options_.page);
  if (!target_.label_selector.empty()) query += "&labelSelector=" + http::percent_encode(target_.label_selector);
  if (const auto* listing = std::get_if<Listing>(&state_); listing != nullptr && !listing->continue_token.empty()) {
    query += "&continue=" + http::percent_encode(listing->continue_token);
  }
  return query;
}

asio::awaitable<Result<void>> Informer::list_page() {
  if (std::holds_alternative<Empty>(state_)) state_ = Listing();
  Request request(http::Method::get, target_.resource.path(target_.namespace_));
  request.query = query_of_page();
  request.deadline = options_.list_deadline;
  request.retry = false;
  auto answer = co_await client_.send(std::move(request));
  if (!answer) {
    // An expired list can't be gone on with; after any other failure the same page is asked for again.
    if (answer.error().kind() == ErrorKind::invalid_input || answer.error().reason() == kExpired) relist();
    co_return fail(std::move(answer).error());
  }
  co_return take_page(answer->body);
}

Result<void> Informer::take_page(std::string_view body) {
  auto page = detail::parse_page(body);
  if (!page) return fail(std::move(page).error());
  auto& listing = std::get<Listing>(state_);
  for (const Object& object : page->objects) {
    listing.seen.insert(object.key);
    upsert(object);
  }
  heard_at_ = clock_.steady_now();
  listing.continue_token = std::move(page->continue_token);
  if (listing.continue_token.empty()) finish_list(std::move(page->resource_version));
  return {};
}

void Informer::finish_list(std::string resource_version) {
  const std::set<ObjectKey> seen = std::move(std::get<Listing>(state_).seen);
  std::vector<ObjectKey> gone;
  for (const auto& [key, known] : known_) {
    if (!seen.contains(key)) gone.push_back(key);
  }
  for (const ObjectKey& key : gone) remove(key);
  state_ = Listed{std::move(resource_version)};
  ++stats_.lists;
  synced_ = true;
  sink_.on_synced();
}

asio::awaitable<Result<void>> Informer::watch() {
  const std::string version = std::get<Listed>(state_).resource_version;
  const auto spread = static_cast<double>((options_.watch_longest - options_.watch_shortest).count());
  const Duration time = options_.watch_shortest + Duration(static_cast<Duration::rep>(random_.unit() * spread));
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(time).count());
  std::string query = "watch=1&allowWatchBookmarks=true&resourceVersion=" + http::percent_encode(version) +
                      "&timeoutSeconds=" + std::to_string(seconds);
  if (!target_.label_selector.empty()) query += "&labelSelector=" + http::percent_encode(target_.label_selector);
  http::StreamLimits limits;
  limits.line = options_.line_limit;
  limits.idle = time + options_.half_open;
  auto stream = co_await client_.stream(target_.resource.path(target_.namespace_), std::move(query), limits);
  if (!stream) {
    const bool refused = stream.error().kind() == ErrorKind::invalid_input;
    if (refused || stream.error().reason() == kExpired || attempts_ + 1 >= kFailuresUntilRelist) relist();
    co_return fail(std::move(stream).error());
  }
  ++stats_.watches;
  Watching watching;
  watching.resource_version = version;
  watching.since = clock_.steady_now();
  state_ = watching;
  Result<void> result = Result<void>();
  for (;;) {
    // A cancellation comes once, and may find a line that is there already.
    if (co_await is_cancelled()) co_return fail(ErrorKind::cancelled, "stopping");
    auto line = co_await stream->next_line();
    if (!line) {
      // What was not read can't be asked for again when it did not fit.
      if (line.error().kind() == ErrorKind::invalid_input) relist();
      result = fail(std::move(line).error());
      break;
    }
    if (!*line) break;
    result = take_event(**line);
    if (!result) break;
    if (clock_.steady_now() - watching.since >= options_.calm) note_calm();
  }
  if (auto* now = std::get_if<Watching>(&state_); now != nullptr) {
    std::string last = std::move(now->resource_version);
    state_ = Listed{std::move(last)};
  }
  // The end after a while is the server's timeout; an end at once must not make a busy loop.
  const bool calm = clock_.steady_now() - watching.since >= options_.calm;
  if (calm) note_calm();
  if (result && !calm) result = fail(ErrorKind::unavailable, "the server ended the watch at once");
  co_return result;
}

Result<void> Informer::take_event(std::string_view line) {
  if (line.empty()) return {};
  auto event = detail::parse_event(line);
  if (!event) {
    relist();
    return fail(std::move(event).error());
  }
  if (event->error) {
    const bool refused = event->error->kind() == ErrorKind::invalid_input || event->error->reason() == kExpired;
    if (refused || attempts_ + 1 >= kFailuresUntilRelist) relist();
    return fail(std::move(*event->error));
  }
  auto& watching = std::get<Watching>(state_);
  if (went_back(watching.resource_version, event->resource_version)) {
    relist();
    return fail(ErrorKind::invalid_input, "the watch sent an older resourceVersion than before");
  }
  watching.resource_version = event->resource_version;
  heard_at_ = clock_.steady_now();
  ++stats_.events;
  if (event->type == detail::WatchEvent::Type::remove) remove(event->object.key);
  if (event->type == detail::WatchEvent::Type::upsert) upsert(event->object);
  return {};
}

void Informer::upsert(const Object& object) {
  const auto found = known_.find(object.key);
  if (found != known_.end()) {
    if (found->second.uid == object.uid && found->second.resource_version == object.resource_version) return;
    // Another object under the same name: the first one is gone.
    if (found->second.uid != object.uid) sink_.on_remove(object.key);
  }
  Known known;
  known.uid = object.uid;
  known.resource_version = object.resource_version;
  known_.insert_or_assign(object.key, std::move(known));
  sink_.on_upsert(object);
}

void Informer::remove(const ObjectKey& key) {
  if (known_.erase(key) != 0) sink_.on_remove(key);
}

void Informer::note_failure(const Error& error) {
  ++attempts_;
  ++stats_.failures;
  if (error.kind() == ErrorKind::cancelled) return;
  // One watch that breaks is nothing to report: it is resumed.
  const bool worth = attempts_ > 1 && trouble_.empty();
  if (attempts_ > 1 || !synced_) trouble_ = error.message();
  if (worth) {
    logger_.warn("watching the cluster fails; trying again", kv("resource", target_.resource.display()),
                 kv("err_kind", to_string(error.kind())), kv("err", error.message()));
  } else {
    logger_.debug("watch ended", kv("resource", target_.resource.display()), kv("err", error.message()));
  }
}

std::string Informer::trouble() const {
  const auto* watching = std::get_if<Watching>(&state_);
  // A quiet watch says nothing for a minute.
  if (watching != nullptr && clock_.steady_now() - watching->since >= options_.calm) return {};
  return trouble_;
}

void Informer::note_calm() {
  if (!trouble_.empty()) {
    logger_.info("watching the cluster works again", kv("resource", target_.resource.display()));
  }
  trouble_.clear();
  attempts_ = 0;
}

}  // namespace stackscaler::kube
