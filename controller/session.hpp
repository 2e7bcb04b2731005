// SPDX-License-Identifier: Apache-2.0
//
// Session: an event loop of its own for a command that only asks servers, with what asking takes.
//
// What it is not: the controller's Program, which has stacks and a journal. Threads: run() and everything that it runs
// are the caller's; the pool blocks for them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "controller/options.hpp"
#include "http/client.hpp"
#include "metrics/prometheus_source.hpp"

namespace stackscaler::controller {

class Session {
 public:
  // Nothing below `least` is logged, whatever the options say.
  Session(const Options& options, LogLevel least);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // To the task's end; what it throws is thrown. Idle connections do not keep it.
  void run(boost::asio::awaitable<void> task);
  [[nodiscard]] metrics::PrometheusSettings metrics_settings();

  const std::unique_ptr<Logger> logger;
  boost::asio::io_context io{1};
  SystemClock clock{io.get_executor()};
  BlockingPool pool{1};
  http::Client client{io.get_executor()};
};

// The policies of the files named; what is wrong with them is said on standard error.
struct NamedPolicies {
  std::vector<policy::ScalingPolicy> policies;
  bool sound = true;  // nothing was wrong
};
[[nodiscard]] NamedPolicies read_named_policies(const std::vector<std::filesystem::path>& paths,
                                                const policy::Defaults& defaults);

}  // namespace stackscaler::controller
