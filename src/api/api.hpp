// SPDX-License-Identifier: Apache-2.0
//
// Api: the program's HTTP interface: what openapi.json describes, on views of the fleet and orders to it.
//
// What it is: routes, who may call them, JSON, event streams, the metrics page. What it is not: the server
// (http/server.hpp gives it requests) or the controller (api/fleet.hpp is all it knows of it). Everything from outside
// is bounded: bodies, pages, streams, changes per client, idempotency keys.
// Threads: the loop's. Parts outlive it; close() first, then stop the server, then let it go.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "api/access.hpp"
#include "api/events.hpp"
#include "api/fleet.hpp"
#include "api/idempotency.hpp"
#include "api/recent.hpp"
#include "api/telemetry.hpp"
#include "async/clock.hpp"
#include "base/log.hpp"
#include "http/message.hpp"

namespace stackscaler::api {

struct Call;

class Api {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    Logger& logger;
    Fleet& fleet;
    Records& records;
    Actions& actions;
  };
  static constexpr std::size_t kBodyBytes = 64 * 1024;

  // `start` tells this process from others: event ids begin with it.
  Api(Parts parts, AccessSettings access, std::string start);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  [[nodiscard]] boost::asio::awaitable<http::Response> handle(http::IncomingRequest request);

  // What the controller tells.
  void policy_changed(const policy::PolicyKey& key);
  void policy_removed(const policy::PolicyKey& key);
  void decided(const ports::DecisionRecord& record);
  // `record`: what is known of it: stack, requested_by, from, to, started …
  void operation_moved(const ports::OperationRecord& record, const ports::OperationProgress& progress);
  void operation_ended(const ports::OperationRecord& record);
  void controller_changed();
  [[nodiscard]] Telemetry& telemetry() { return telemetry_; }
  [[nodiscard]] Recent& recent() { return recent_; }
  void count_connections(std::function<std::size_t()> open) { connections_ = std::move(open); }

  // Sends changed policies to those who listen, a few at a time, until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // Ends the event streams.
  void close() { events_.close(); }

 private:
  friend struct RouteTable;
  struct Live {
    ports::OperationRecord record;
    ports::OperationProgress progress;
  };

  [[nodiscard]] boost::asio::awaitable<http::Response> dispatch(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> change(Call& call);
  [[nodiscard]] http::Response page(const Call& call) const;

  [[nodiscard]] boost::asio::awaitable<http::Response> list_stacks(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> stack_info(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> stack_metrics(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> scale_stack(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> recommend(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> auto_scale(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> list_policies(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> get_policy(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> policy_history(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> explain(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> simulate(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> list_decisions(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> list_operations(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> get_operation(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> follow_operation(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> follow_events(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> get_controller(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> pause(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> resume(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> whoami(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> healthz(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> readyz(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> metrics_page(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> openapi(Call& call);
  [[nodiscard]] boost::asio::awaitable<http::Response> static_page(Call& call);

  [[nodiscard]] boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> find_operation(std::string id);
  [[nodiscard]] const ports::OperationProgress* progress_of(const std::string& id) const;
  [[nodiscard]] std::string controller_text() const;
  void audit(const Call& call, const http::Response& answer, const std::string& what);

  Parts parts_;
  Access access_;
  Idempotency idempotency_;
  Events events_;
  Telemetry telemetry_;
  Recent recent_;
  std::map<std::string, Live> live_;
  std::set<policy::PolicyKey> changed_;
  policy::PolicyKey sent_;  // the last of `changed_` that was sent
  std::function<std::size_t()> connections_;
};

}  // namespace stackscaler::api
