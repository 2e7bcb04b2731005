// SPDX-License-Identifier: Apache-2.0
//
// Events: what happened, kept for a while and sent to whoever listens, as server-sent events.
//
// A bounded ring that every stream reads at its own pace: a client that is too slow, or comes back too late, falls off
// it and gets `resync`. Ids are "<start>-<number>", so that those of an earlier process are known as such. A comment
// every 15 s while nothing happens. Source: HTML living standard, server-sent events.
// Threads: the loop's. It outlives its streams; close() ends them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>

#include "async/clock.hpp"
#include "async/wake.hpp"
#include "base/time.hpp"
#include "http/body_stream.hpp"

namespace stackscaler::api {

class Events {
 public:
  static constexpr std::size_t kKept = 4096;
  static constexpr std::size_t kKeptBytes = std::size_t{8} << 20U;
  static constexpr std::size_t kStreams = 64;
  static constexpr Duration kHeartbeat = std::chrono::seconds(15);
  static constexpr Duration kInterest = std::chrono::seconds(90);  // so long after a stream it may come back

  Events(boost::asio::any_io_executor executor, Clock& clock, std::string start);
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // `data`: one line. `subject`: what a stream of one thing follows; `last`: that stream ends after this event.
  void publish(const std::string& name, const std::string& data, std::string subject = {}, bool last = false);
  // Something happened that is not published: whoever comes back from before it has to read everything again.
  void skip();
  // Somebody listens, or did or will before long (see expect()).
  [[nodiscard]] bool wanted() const;
  // Somebody is about to follow.
  void expect();
  [[nodiscard]] std::string last_id() const;
  [[nodiscard]] std::size_t streams() const { return streams_; }

  // Everything from `from` on ("": from now on). Null: too many streams.
  [[nodiscard]] std::shared_ptr<http::BodyStream> follow(const std::string& from);
  // Only that subject: `first` now, then what comes. `ended`: `first` is all there is.
  [[nodiscard]] std::shared_ptr<http::BodyStream> follow_one(std::string subject, const std::string& name,
                                                             const std::string& first, bool ended);
  // Ends all streams; follow() gives none any more.
  void close();

 private:
  struct Event {
    std::uint64_t number = 0;
    std::string text;  // as sent
    std::string subject;
    bool last = false;
  };
  class Stream;

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  std::string start_;
  std::deque<Event> ring_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;      // of the next event
  std::uint64_t complete_ = 1;  // from here on every number is in the ring
  bool skipped_ = false;        // since the last event
  SteadyTime interest_{};
  std::list<Wake*> waiting_;
  std::size_t streams_ = 0;
  bool closed_ = false;
};

}  // namespace stackscaler::api
