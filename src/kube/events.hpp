// SPDX-License-Identifier: Apache-2.0
//
// EventRecorder: events.k8s.io/v1 Events about objects, for `kubectl describe` and `kubectl events`.
//
// record() never blocks and never fails: it puts the event into a bounded queue, and run() sends it. The same event
// (object, type, reason, action) within the series window is not made again: its count and the time of its last
// observation are patched into the first, at most once per `series_pause`. Each object has a token bucket; what is over
// it, what finds the queue full and what the server refuses is dropped and counted, and the log says so once until
// sending works again. Events are help for people: nothing may depend on one.
// Threads: the executor's one thread. Lifetime: must outlive run(); all that it is given must outlive it.
// Sources: events.k8s.io/v1 (note at most 1024 bytes, reason and action at most 128); client-go tools/events.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "kube/client.hpp"

namespace stackscaler::kube {

struct ObjectReference {
  std::string api_version;  // "stackscaler.dev/v1alpha1"
  std::string kind;
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resource_version;
};

enum class EventType { normal, warning };

struct EventDraft {
  ObjectReference regarding;
  EventType type = EventType::normal;
  std::string reason;  // CamelCase: why
  std::string action;  // CamelCase: what was done or tried
  std::string note;    // for people; cut to 1024 bytes at a character
};

struct EventOptions {
  std::string reporting_controller = "stackscaler.dev/controller";
  std::string reporting_instance;                    // the pod's or host's name; at most 128 bytes
  Duration series_window = std::chrono::minutes(6);  // since the last observation
  Duration series_pause = std::chrono::seconds(10);
  std::size_t queue = 1000;
  std::size_t series = 4096;                   // remembered
  double burst = 25;                           // per object
  Duration refill = std::chrono::seconds(30);  // one more event per object
};

struct EventStats {
  std::uint64_t created = 0;
  std::uint64_t patched = 0;
  std::uint64_t dropped = 0;
};

class EventRecorder {
 public:
  EventRecorder(boost::asio::any_io_executor executor, Client& client, Clock& clock, Random& random, Logger& logger,
                EventOptions options);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  void record(EventDraft draft);
  // Sends what is recorded, until it is cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // After run() has ended: sends what is still waiting, within the deadline.
  [[nodiscard]] boost::asio::awaitable<void> flush(Duration deadline);
  [[nodiscard]] const EventStats& stats() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace stackscaler::kube
