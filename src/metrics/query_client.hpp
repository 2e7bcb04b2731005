// SPDX-License-Identifier: Apache-2.0
//
// QueryClient: sends queries to Prometheus, Mimir and Loki, with the endpoint's credentials.
//
// Equal instant queries to one endpoint that are in flight at the same time are sent once. A server that answers 429 or
// 503 with Retry-After is left alone for that long (five minutes at most), per tenant. Credentials are read from their
// files for every request and stand in nothing else: no log, no error, no answer that echoes them. What goes over plain
// http to another machine with credentials is warned about once a server. Remarks of the server on a query are logged
// once per change. Redirects are not followed: a credential goes where it was meant to.
// Threads: the loop's. The client, clock, logger and pool must outlive this, and this its requests. Deadlines use the
// real steady clock. Sources: Prometheus HTTP API; Loki HTTP API (/loki/api/v1/query); Mimir, "Authentication and
// authorization" (X-Scope-OrgID); RFC 9110 (Retry-After); RFC 6750 and RFC 7617.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "http/client.hpp"
#include "metrics/endpoint.hpp"
#include "metrics/prometheus_json.hpp"

namespace stackscaler::metrics {

struct QueryStats {
  std::uint64_t sent = 0;
  std::uint64_t shared = 0;  // answered by a query of somebody else's
};

class QueryClient {
 public:
  // `pool` reads credential files; without one (tests, tools) they are read on the calling thread.
  QueryClient(http::Client& client, Clock& clock, Logger& logger, BlockingPool* pool)
      : client_(client), clock_(clock), logger_(logger), pool_(pool) {}
  QueryClient(const QueryClient&) = delete;
  QueryClient& operator=(const QueryClient&) = delete;

  // One number or why there is none.
  [[nodiscard]] boost::asio::awaitable<QueryAnswer> instant(Endpoint endpoint, std::string query, Duration deadline,
                                                            std::size_t answer_limit);
  // `call` is "query" or "query_range", `form` its encoded parameters. Any status is an answer.
  [[nodiscard]] boost::asio::awaitable<Result<http::Response>> fetch(Endpoint endpoint, std::string call,
                                                                     std::string form, Duration deadline,
                                                                     std::size_t answer_limit);
  [[nodiscard]] const QueryStats& stats() const { return stats_; }

 private:
  // A query on its way, and those who wait for the same answer.
  struct Flight {
    bool over = false;
    std::optional<QueryAnswer> answer;  // unset when the asker was stopped or out of time: ask yourself
    std::list<boost::asio::steady_timer*> waiting;
  };
  class Leader;

  [[nodiscard]] boost::asio::awaitable<void> wait_for(std::shared_ptr<Flight> flight, SteadyTime until);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> read_secret(std::string file);
  [[nodiscard]] boost::asio::awaitable<Result<std::string>> authorization(const Endpoint& endpoint);
  [[nodiscard]] std::string held_back(const Endpoint& endpoint);
  void note_retry_after(const Endpoint& endpoint, const http::Response& response);
  void note_remarks(const std::string& key, const std::string& query, const QueryAnswer& answer);
  void warn_if_open(const Endpoint& endpoint);

  http::Client& client_;
  Clock& clock_;
  Logger& logger_;
  BlockingPool* pool_;
  QueryStats stats_;
  // By endpoint and query. Shared: a request that is never resumed may end after this does.
  using Flights = std::map<std::string, std::shared_ptr<Flight>>;
  std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();
  std::map<std::string, SteadyTime> back_at_;   // servers that asked to be left alone, by server and tenant
  std::map<std::string, std::string> remarks_;  // as last logged, by endpoint and query
  std::set<std::string> warned_open_;
};

// "query=…" and what the endpoint's own URL adds, encoded.
[[nodiscard]] std::string query_form(const Endpoint& endpoint, const std::string& query);

// Views into `response`.
[[nodiscard]] AnswerHeaders headers_of(const http::Response& response, bool loki);

// How long an answer asks to be left alone (seconds or a date), or zero; five minutes at most.
[[nodiscard]] Duration retry_after(std::string_view value, WallTime now);

}  // namespace stackscaler::metrics
