// SPDX-License-Identifier: Apache-2.0
#include "controller/api_service.hpp"

#include <fmt/core.h>

#include <utility>

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kPauseLook = 500ms;

}  // namespace

api::AccessSettings ApiService::access(const Options& options, const ListenPlan& plan) {
  api::AccessSettings out;
  out.token = plan.token;
  out.hosts = options.allow_hosts;
  out.changes_per_minute = options.changes_per_minute;
  return out;
}

http::ServerLimits ApiService::limits() {
  http::ServerLimits out;
  out.connections = 512;
  out.body_bytes = 4 * api::Api::kBodyBytes;  // up to there the API says itself what is wrong
  out.evict_idle = true;
  return out;
}

ApiService::ApiService(Program& program, Reconciler& reconciler, Loop& loop, ListenPlan plan)
    : program_(program),
      plan_(std::move(plan)),
      bridge_(program, reconciler, loop),
      actions_(program, reconciler, loop, bridge_),
      api_(api::Api::Parts{program.io.get_executor(), program.clock, *program.logger, bridge_, bridge_, actions_},
           access(program.options, plan_), program.random.id()),
      server_(
          program.io.get_executor(), *program.logger,
          [this](http::IncomingRequest request) { return api_.handle(std::move(request)); }, limits()) {
  bridge_.tell(api_, actions_);
  api_.count_connections([this] { return server_.stats().open; });
}

Result<void> ApiService::start() {
  const Options& o = program_.options;
  if (!o.tls_certificate.empty()) {
    if (auto tls = server_.use_tls(http::ServerTls{o.tls_certificate, o.tls_key}); !tls) {
      return fail(std::move(tls).error().with_context("--tls-cert, --tls-key"));
    }
  }
  if (auto listening = server_.start(plan_.address, plan_.port); !listening) {
    return fail(
        std::move(listening).error().with_context("the API (give another --listen ADDR:PORT, or --listen=off)"));
  }
  const bool v6 = plan_.address.find(':') != std::string::npos;
  const std::string at = fmt::format("{}:{}", v6 ? "[" + plan_.address + "]" : plan_.address, server_.port());
  program_.logger->info("listening", kv("url", (o.tls_certificate.empty() ? "http://" : "https://") + at + "/"),
                        kv("changes", plan_.token.empty() ? "refused: no token is configured" : "with the token"));
  if (!plan_.loopback && o.tls_certificate.empty()) {
    program_.logger->warn(
        "the API is reachable from other machines without TLS: the token crosses the network in the "
        "clear unless a proxy in front encrypts it (--tls-cert, --tls-key)");
  }
  return {};
}

asio::awaitable<void> ApiService::watch() {
  TaskGroup sending(program_.io.get_executor(), *program_.logger);
  sending.spawn("api events", api_.run());
  std::string known = program_.gate.stopped();
  for (;;) {
    auto slept = co_await program_.clock.sleep_for(kPauseLook);
    if (!slept) break;
    std::string stopped = program_.gate.stopped();
    if (stopped == known) continue;
    known = std::move(stopped);
    api_.controller_changed();
  }
  sending.request_stop();
  co_await sending.join();
}

asio::awaitable<void> ApiService::close() {
  api_.close();
  co_await server_.stop();
}

asio::awaitable<void> ApiService::drain() {
  co_await actions_.drain();
  co_await bridge_.join();
}

}  // namespace stackscaler::controller
