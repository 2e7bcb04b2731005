// SPDX-License-Identifier: Apache-2.0
#include "controller/session.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cstdio>

#include "controller/logging.hpp"
#include "source/validate.hpp"

namespace stackscaler::controller {

Session::Session(const Options& options, LogLevel least)
    : logger(make_logger(options.log_format.value_or(LogFormat::text), std::max(options.log_level, least))) {}

Session::~Session() {
  client.close();
  io.restart();
  io.poll();  // what close() has cancelled ends
  pool.join();
}

void Session::run(boost::asio::awaitable<void> task) {
  std::exception_ptr failure;
  boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& e) {
    failure = e;
    io.stop();
  });
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
}

metrics::PrometheusSettings Session::metrics_settings() {
  metrics::PrometheusSettings out;
  out.pool = &pool;
  return out;
}

NamedPolicies read_named_policies(const std::vector<std::filesystem::path>& paths, const policy::Defaults& defaults) {
  source::Validation report = source::validate_paths(paths, defaults);
  for (const source::FileProblem& problem : report.problems) std::fprintf(stderr, "%s\n", problem.str().c_str());
  for (const Error& error : report.unreadable) std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  const bool sound = report.ok();
  return {std::move(report.policies), sound};
}

}  // namespace stackscaler::controller
