// SPDX-License-Identifier: Apache-2.0
//
// stackscaler-bench-stub: a Prometheus API stub for benchmarks, fast enough not to be what is measured.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "stub.hpp"
#include "tool.hpp"

int main(int argc, char** argv) {
  using namespace stackscaler;
  std::string listen = "127.0.0.1:9090";
  double value = 50;
  int instances = 1;
  CLI::App app("Answers Prometheus instant queries with a fixed value; counts them at /stats.");
  app.add_option("--listen", listen, "where to serve /api/v1/query and /stats")->capture_default_str();
  app.add_option("--value", value, "the value of every query")->capture_default_str();
  app.add_option("--instances", instances, "what count(up{...}) gives")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  boost::asio::io_context io(1);
  tool::StderrLog log;
  bench::Stub stub(value, instances);
  http::ServerLimits limits;
  limits.connections = 10'000;
  http::Server server(
      io.get_executor(), log, [&stub](http::IncomingRequest request) { return stub.answer(std::move(request)); },
      limits);
  stub.watch(server);
  return tool::serve(io, server, listen);
}
