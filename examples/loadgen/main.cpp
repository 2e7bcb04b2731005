// SPDX-License-Identifier: Apache-2.0
//
// stackscaler-loadgen: metrics of a demonstration stack whose load moves like a day in a minute. Each scrape reads how
// many instances the stack really has, so a scaler sees the effect of what it does.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "async/offload.hpp"
#include "load.hpp"
#include "tool.hpp"

namespace {

namespace asio = boost::asio;
using namespace stackscaler;

struct Options {
  std::string listen = "127.0.0.1:9100";
  std::string state;
  std::string resource = "terraform_data.app";
  std::string stack = "web";
  std::string period = "60s";
  loadgen::Wave wave;
};

class Exporter {
 public:
  Exporter(const Options& options, BlockingPool& pool, Logger& log)
      : options_(options), pool_(pool), log_(log), begun_(std::chrono::steady_clock::now()) {}

  asio::awaitable<http::Response> answer(http::IncomingRequest request) {
    if (request.path != "/metrics") co_return http::Response(404, "text/plain", "see /metrics\n");
    auto work = [state = options_.state, resource = options_.resource] { return loadgen::read_count(state, resource); };
    const Result<int> count = co_await offload(pool_, std::move(work));
    if (!count) log_.warn("the stack's instances can't be counted", kv("err", count.error().message()));
    std::optional<int> instances;
    if (count) instances = *count;
    const auto elapsed = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun_);
    std::string body = loadgen::exposition(options_.stack, loadgen::load_at(options_.wave, elapsed), instances);
    co_return http::Response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(body));
  }

 private:
  const Options& options_;
  BlockingPool& pool_;
  Logger& log_;
  SteadyTime begun_;
};

int run(const Options& options) {
  asio::io_context io(1);
  BlockingPool pool(1);
  tool::StderrLog log;
  Exporter exporter(options, pool, log);
  http::Server server(io.get_executor(), log,
                      [&exporter](http::IncomingRequest request) { return exporter.answer(std::move(request)); });
  return tool::serve(io, server, options.listen);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Serves the metrics of a demonstration stack under a load that moves like a day in a minute.");
  app.add_option("--state", options.state, "Terraform state file whose instances share the load")->required();
  app.add_option("--resource", options.resource, "address of the counted resource in it")->capture_default_str();
  app.add_option("--stack", options.stack, "value of the label 'stack'")->capture_default_str();
  app.add_option("--listen", options.listen, "where to serve /metrics")->capture_default_str();
  app.add_option("--period", options.period, "length of one wave")->capture_default_str();
  app.add_option("--low", options.wave.low, "least load, in instance capacities")->capture_default_str();
  app.add_option("--high", options.wave.high, "greatest load, in instance capacities")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto period = parse_duration(options.period);
  if (!period || *period <= Duration::zero() || options.wave.low < 0 || options.wave.high < options.wave.low) {
    std::fprintf(stderr, "error: --period must be a duration above zero (60s), and 0 <= --low <= --high\n");
    return 2;
  }
  options.wave.period = *period;
  return run(options);
}
