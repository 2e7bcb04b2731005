// SPDX-License-Identifier: Apache-2.0
//
// FakeApi: a small API server on loopback that keeps objects truly and fails by script or by chance.
//
// It lists by pages of one snapshot, watches with bookmarks, creates, replaces (guarded by resourceVersion),
// merge-patches and deletes any namespaced resource, and gives 410 for versions that it has forgotten. What it is not:
// a validator; the contract suite talks to a real one. Everything runs on the test's loop and ends with the object.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "base/random.hpp"
#include "http/message.hpp"
#include "support/memory_log.hpp"

namespace stackscaler::test {

enum class Fault {
  none,
  drop,         // closes without an answer, or in mid-watch
  cut,          // half an answer or event, then closes
  delay,        // answers a little later
  gone,         // 410, in a watch as an event
  busy,         // 429 with Retry-After: 0
  broken,       // 500, in a watch as an event
  garbage,      // 200 with bytes that are no JSON
  silent,       // nothing more, the connection stays
  unauthorized  // 401; by script only
};

class FakeApi {
 public:
  using Json = nlohmann::json;

  explicit FakeApi(boost::asio::io_context& io);
  ~FakeApi();
  FakeApi(const FakeApi&) = delete;
  FakeApi& operator=(const FakeApi&) = delete;

  [[nodiscard]] http::Url url() const;
  // Each request, and each event of a watch, fails with that chance from now on.
  void fail_by_chance(std::uint64_t seed, double chance);
  void fail_next(Fault fault) { script_.push_back(fault); }
  void work_again() { chance_ = 0.0; }
  // Retry-After of the 429s.
  void retry_after(int seconds) { retry_after_ = seconds; }
  [[nodiscard]] int faults() const { return faults_; }

  // `path` is the object's: "/api/v1/namespaces/ns/configmaps/name".
  void put(const std::string& path, Json object);
  void erase(std::string path);
  [[nodiscard]] const std::map<std::string, Json>& objects() const { return objects_; }
  // Versions up to now are forgotten: a watch or a page of before gets 410.
  void compact();
  // As a server whose store was restored: objects, versions and connections are those of the snapshot.
  struct Snapshot {
    std::map<std::string, Json> objects;
    std::int64_t version = 0;
  };
  [[nodiscard]] Snapshot snapshot() const { return Snapshot{objects_, version_}; }
  void restore(Snapshot snapshot);
  // Sends that line to every watch there is.
  void say(const std::string& line);

  [[nodiscard]] const std::vector<http::IncomingRequest>& requests() const { return requests_; }
  [[nodiscard]] int requests_of(http::Method method, const std::string& path) const;
  [[nodiscard]] std::size_t watches() const { return watchers_.size(); }
  // Requests that are held back, answered when released.
  void hold(const std::string& path_prefix) { held_ = path_prefix; }
  void release();
  [[nodiscard]] int holding() const { return holding_; }

 private:
  struct Event {
    std::int64_t version;
    std::string collection;
    std::string line;
  };
  struct Watcher {
    boost::asio::steady_timer* wake;
    boost::asio::ip::tcp::socket* socket;
    std::string* extra;
  };
  struct Answer {
    int status;
    Json body;
  };

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
  boost::asio::awaitable<bool> answer(boost::asio::ip::tcp::socket& socket, const http::IncomingRequest& request);
  boost::asio::awaitable<void> watch(boost::asio::ip::tcp::socket& socket, std::string collection, std::int64_t from);
  boost::asio::awaitable<bool> send(boost::asio::ip::tcp::socket& socket, std::string bytes);
  boost::asio::awaitable<bool> send_event(boost::asio::ip::tcp::socket& socket, std::string line, Fault fault);
  boost::asio::awaitable<void> wait(Duration time);
  [[nodiscard]] Answer handle(const http::IncomingRequest& request);
  [[nodiscard]] Answer list(const std::string& collection, const std::string& query);
  [[nodiscard]] Answer write(const http::IncomingRequest& request);
  [[nodiscard]] Fault next_fault();
  void log(const std::string& type, const std::string& path, const Json& object);
  void wake_watchers();

  boost::asio::io_context& io_;
  MemoryLog log_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Random random_{1};
  double chance_ = 0.0;
  std::deque<Fault> script_;
  int retry_after_ = 0;
  int faults_ = 0;
  std::map<std::string, Json> objects_;
  std::int64_t version_ = 100;
  std::int64_t compacted_ = 0;
  std::int64_t uids_ = 0;
  std::deque<Event> events_;
  std::map<std::string, std::vector<Json>> pages_;  // the rest of a list, by its continue token
  std::list<Watcher> watchers_;
  std::vector<http::IncomingRequest> requests_;
  std::string held_;
  int holding_ = 0;
  std::set<boost::asio::steady_timer*> holders_;
  TaskGroup group_;
};

}  // namespace stackscaler::test
