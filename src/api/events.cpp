// SPDX-License-Identifier: Apache-2.0
#include "api/events.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <utility>

namespace stackscaler::api {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;

std::string event_text(const std::string& id, const std::string& name, const std::string& data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, name, data);
}

}  // namespace

class Events::Stream final : public http::BodyStream {
 public:
  Stream(Events& events, std::uint64_t position, std::string subject, std::string first, bool ended)
      : events_(events),
        position_(position),
        subject_(std::move(subject)),
        first_(std::move(first)),
        ended_(ended),
        wake_(events.executor_) {
    ++events_.streams_;
  }
  ~Stream() override {
    --events_.streams_;
    events_.interest_ = events_.clock_.steady_now() + kInterest;
  }

  asio::awaitable<void> run(http::BodyWriter& writer) override {
    auto written = co_await writer.write(std::move(first_));
    while (written && !ended_ && !events_.closed_) {
      std::string batch = take();
      if (batch.empty()) {
        if (!co_await wait()) batch = ": still here\n\n";
        if (events_.closed_) co_return;
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
      }
      if (!batch.empty()) written = co_await writer.write(std::move(batch));
    }
  }

 private:
  // What there is from the position on, at most one batch.
  std::string take() {
    std::string out;
    const std::uint64_t oldest = events_.ring_.empty() ? events_.next_ : events_.ring_.front().number;
    if (position_ < std::max(oldest, events_.complete_)) {
      position_ = events_.next_;
      if (subject_.empty()) out = event_text(events_.last_id(), "resync", R"({"reason":"events were missed"})");
      return out;
    }
    while (position_ < events_.next_ && out.size() < kBatchBytes && !ended_) {
      const Event& event = events_.ring_[static_cast<std::size_t>(position_ - oldest)];
      ++position_;
      if (!subject_.empty() && event.subject != subject_) continue;
      out += event.text;
      ended_ = !subject_.empty() && event.last;
    }
    return out;
  }

  // True: something was published. False: a heartbeat is due.
  asio::awaitable<bool> wait() {
    using asio::experimental::awaitable_operators::operator||;
    const auto at = events_.waiting_.insert(events_.waiting_.end(), &wake_);
    auto slept = events_.clock_.sleep_for(kHeartbeat);
    auto woken = wake_.wait();
    const auto first = co_await (std::move(slept) || std::move(woken));
    events_.waiting_.erase(at);
    co_return first.index() == 1;
  }

  Events& events_;
  std::uint64_t position_;
  std::string subject_;
  std::string first_;
  bool ended_;
  Wake wake_;
};

Events::Events(asio::any_io_executor executor, Clock& clock, std::string start)
    : executor_(std::move(executor)), clock_(clock), start_(std::move(start)) {}

Events::~Events() = default;

std::string Events::last_id() const {
  return fmt::format("{}-{}", start_, next_ - 1);
}

bool Events::wanted() const {
  return streams_ > 0 || clock_.steady_now() < interest_;
}

void Events::expect() {
  interest_ = clock_.steady_now() + kInterest;
}

void Events::skip() {
  if (skipped_) return;
  skipped_ = true;
  // A number without an event: ids given out so far are before it.
  ++next_;
  complete_ = next_;
  ring_.clear();
  bytes_ = 0;
}

void Events::publish(const std::string& name, const std::string& data, std::string subject, bool last) {
  skipped_ = false;
  Event event;
  event.number = next_++;
  event.text = event_text(last_id(), name, data);
  event.subject = std::move(subject);
  event.last = last;
  bytes_ += event.text.size();
  ring_.push_back(std::move(event));
  while (ring_.size() > kKept || bytes_ > kKeptBytes) {
    bytes_ -= ring_.front().text.size();
    ring_.pop_front();
  }
  for (Wake* wake : waiting_) wake->notify();
}

std::shared_ptr<http::BodyStream> Events::follow(const std::string& from) {
  if (closed_ || streams_ >= kStreams) return nullptr;
  std::uint64_t position = next_;
  if (!from.empty()) {
    position = 0;  // of another process, or no id of ours: resync
    const std::string prefix = start_ + "-";
    std::uint64_t number = 0;
    if (from.starts_with(prefix)) {
      const char* const end = from.data() + from.size();
      const auto [stop, ec] = std::from_chars(from.data() + prefix.size(), end, number);
      if (ec == std::errc{} && stop == end && number < next_) position = number + 1;
    }
  }
  return std::make_shared<Stream>(*this, position, std::string(), ": hello\n\n", false);
}

std::shared_ptr<http::BodyStream> Events::follow_one(std::string subject, const std::string& name,
                                                     const std::string& first, bool ended) {
  if (closed_ || streams_ >= kStreams) return nullptr;
  return std::make_shared<Stream>(*this, next_, std::move(subject), event_text(last_id(), name, first), ended);
}

void Events::close() {
  closed_ = true;
  for (Wake* wake : waiting_) wake->notify();
}

}  // namespace stackscaler::api
