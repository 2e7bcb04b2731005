// SPDX-License-Identifier: Apache-2.0
//
// Informer: what objects of one resource there are, kept true by list and watch.
//
// It lists page by page, then watches from the list's resourceVersion, and tells a Sink of each object that is new or
// changed and each that is gone. A connection that ends or breaks is resumed from the last resourceVersion seen; 410,
// garbage, an event that does not fit its kind, or versions that go back (a restored server) lead to a new list, whose
// end removes what it did not hold. An object deleted and made again under its name is told as gone, then new. Nothing
// is told twice with the same resourceVersion. A connection without a byte for longer than the server's own timeout and
// half a minute is given up. After each failure it waits, 0.8 s at first, doubled up to 30 s, with jitter; a calm watch
// makes it forget the failures.
// What it is not: a store of objects (the Sink keeps what it needs; the informer keeps uid and version only), or an
// ordering of events across objects. Threads: the executor's one thread. Lifetime: the informer must outlive run(), and
// all that it is given must outlive it. Errors: none; run() ends when it is cancelled. Failures are logged when they
// begin and when they end. Sources: Kubernetes API concepts, "Efficient detection of changes"; kube-rs runtime/watcher;
// client-go tools/cache/reflector.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "async/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"

namespace stackscaler::kube {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on_upsert(const Object& object) = 0;
  virtual void on_remove(const ObjectKey& key) = 0;
  // After each complete list, the first and any later one: what was told is all there is.
  virtual void on_synced() = 0;
};

struct InformerTarget {
  Resource resource;
  std::string namespace_;      // empty: all
  std::string label_selector;  // as kubectl's -l; empty: all
};

struct InformerOptions {
  int page = 500;
  Duration watch_shortest = std::chrono::seconds(240);  // the server ends a watch after a time drawn from these two
  Duration watch_longest = std::chrono::seconds(290);
  Duration half_open = std::chrono::seconds(30);  // beyond the watch's own time without a byte
  Duration backoff_first = std::chrono::milliseconds(800);
  Duration backoff_cap = std::chrono::seconds(30);
  Duration calm = std::chrono::seconds(10);  // a watch that lasted so long was no failure
  Duration list_deadline = std::chrono::seconds(60);
  std::size_t line_limit = std::size_t{8} << 20U;  // of one event
};

// Where it stands.
struct Empty {};
struct Listing {
  std::string continue_token;
  std::set<ObjectKey> seen;
};
struct Listed {
  std::string resource_version;
};
struct Watching {
  std::string resource_version;
  SteadyTime since{};
};
using InformerState = std::variant<Empty, Listing, Listed, Watching>;

struct InformerStats {
  std::uint64_t lists = 0;     // complete ones
  std::uint64_t watches = 0;   // opened
  std::uint64_t events = 0;    // bookmarks included
  std::uint64_t failures = 0;  // that were waited after
};

class Informer {
 public:
  Informer(Client& client, Clock& clock, Random& random, Logger& logger, InformerTarget target, Sink& sink,
           InformerOptions options = InformerOptions());
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  // Until it is cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();

  [[nodiscard]] bool synced() const { return synced_; }  // a list was complete once
  [[nodiscard]] const InformerState& state() const { return state_; }
  [[nodiscard]] const InformerStats& stats() const { return stats_; }
  [[nodiscard]] std::size_t size() const { return known_.size(); }
  // What fails, again and again; empty: all is well.
  [[nodiscard]] std::string trouble() const;
  // When the server was last heard of by this informer: a list's end, an event, a bookmark.
  [[nodiscard]] std::optional<SteadyTime> heard_at() const { return heard_at_; }

 private:
  struct Known {
    std::string uid;
    std::string resource_version;
  };

  [[nodiscard]] boost::asio::awaitable<Result<void>> list_page();
  [[nodiscard]] boost::asio::awaitable<Result<void>> watch();
  [[nodiscard]] Result<void> take_page(std::string_view body);
  [[nodiscard]] Result<void> take_event(std::string_view line);
  [[nodiscard]] std::string query_of_page() const;
  void finish_list(std::string resource_version);
  void upsert(const Object& object);
  void remove(const ObjectKey& key);  // not a key of known_
  void note_failure(const Error& error);
  void note_calm();
  void relist() { state_ = Empty(); }

  Client& client_;
  Clock& clock_;
  Random& random_;
  Logger& logger_;
  InformerTarget target_;
  Sink& sink_;
  InformerOptions options_;
  InformerState state_;
  InformerStats stats_;
  std::map<ObjectKey, Known> known_;
  bool synced_ = false;
  int attempts_ = 0;  // failures in a row
  std::string trouble_;
  std::optional<SteadyTime> heard_at_;
};

}  // namespace stackscaler::kube
