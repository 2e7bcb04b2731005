// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler run`: start, serve, stop in order.
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>

#include "async/deadline.hpp"
#include "controller/api_service.hpp"
#include "controller/ceiling.hpp"
#include "controller/commands.hpp"
#include "controller/listen.hpp"
#include "controller/loop.hpp"
#include "controller/program.hpp"
#include "controller/version.hpp"
#include "terraform/folder.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kStopGrace = 30min;  // law 13: how long a running apply is waited for before one SIGINT

class Service {
 public:
  Service(Program& program, std::optional<ListenPlan> listen)
      : program_(program),
        reconciler_(program.make_reconciler(true)),
        loop_(program.io.get_executor(), program.clock, *program.logger, program.random, *reconciler_),
        ceiling_(loop_, program.options.ceiling, *program.logger),
        implicit_(program.make_implicit(ceiling_)),
        watchers_(program.io.get_executor(), *program.logger),
        recoveries_(program.io.get_executor(), *program.logger),
        signals_(program.io.get_executor(), SIGTERM, SIGINT) {
    if (listen) api_ = std::make_unique<ApiService>(program, *reconciler_, loop_, std::move(*listen));
  }

  asio::awaitable<void> serve();
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  asio::awaitable<Result<void>> start();
  asio::awaitable<Result<void>> load();
  [[nodiscard]] ports::PolicySink& sink() { return implicit_ ? static_cast<ports::PolicySink&>(*implicit_) : ceiling_; }
  asio::awaitable<void> stop();
  asio::awaitable<void> interrupt_when_asked_or_late();
  void log_start() const;

  Program& program_;
  std::unique_ptr<Reconciler> reconciler_;
  Loop loop_;
  Ceiling ceiling_;                             // before the loop
  std::unique_ptr<ImplicitPolicies> implicit_;  // between the source and the ceiling, or null
  std::unique_ptr<ApiService> api_;             // null with --listen=off
  TaskGroup watchers_;                          // cancelled at the stop
  TaskGroup recoveries_;                        // followed to their end
  asio::signal_set signals_;
  int exit_code_ = 0;
};

void Service::log_start() const {
  const Options& o = program_.options;
  const char* mode = o.dry_run ? "dry-run" : o.enabled ? "enabled" : "observing";
  program_.logger->info(
      "started", kv("version", version()), kv("mode", mode), kv("interval", format_duration(o.defaults.interval)),
      kv("threshold", decision::format_value(o.defaults.confidence_threshold)),
      kv("policies",
         o.policies.empty() ? std::string("none: every adopted stack follows the defaults") : o.policies.string()),
      kv("stacks", o.stacks.string()), kv("prometheus", program_.options.prometheus_url));
  if (o.rehearsal) {
    program_.logger->warn(
        "REHEARSAL: there is no Terraform behind this; counts live in memory and no stack is touched");
  }
}

asio::awaitable<Result<void>> Service::start() {
  log_start();
  if (api_) {
    if (auto listening = api_->start(); !listening) co_return listening;
  }
  auto open = co_await program_.journal->unfinished_operations();
  if (!open) co_return fail(std::move(open).error());
  auto lost = co_await program_.driver->lost_operations();
  std::move(lost.begin(), lost.end(), std::back_inserter(*open));
  for (ports::OperationRecord& operation : *open) {
    reconciler_->expect_recovery(operation);
    recoveries_.spawn("recover", reconciler_->recover(std::move(operation)));
  }
  auto list = [this] { return program_.registry.list(); };
  auto stacks = co_await offload(program_.pool, std::move(list));
  if (stacks) {
    std::size_t sound = 0;
    for (const auto& listed : *stacks) {
      sound += listed.entry ? 1 : 0;
      if (!listed.entry)
        program_.logger->error("a stack can't be read", kv("stack", listed.id), kv("err", listed.problem));
    }
    program_.logger->info("found", kv("stacks", sound));
  }
  co_return co_await load();
}

// A folder that is not there yet is waited for: a checkout may come after us.
asio::awaitable<Result<void>> Service::load() {
  if (program_.source) {
    auto loaded = co_await program_.source->load(sink());
    if (!loaded && loaded.error().kind() != ErrorKind::not_found) co_return loaded;
  }
  if (implicit_) co_return co_await implicit_->refresh();
  co_return Result<void>{};
}

asio::awaitable<void> Service::serve() {
  auto started = co_await start();
  if (!started) {
    program_.logger->error("cannot start", kv("err", started.error().message()));
    exit_code_ = 1;
    co_await stop();
    co_return;
  }
  if (program_.source) watchers_.spawn("watch", program_.source->watch(sink()));
  if (implicit_) watchers_.spawn("implicit", implicit_->watch());
  watchers_.spawn("loop", loop_.run());
  watchers_.spawn("states", loop_.watch_states());
  watchers_.spawn("plans", loop_.watch_plans());
  watchers_.spawn("pause", loop_.watch_pause(program_.gate));
  if (api_) {
    watchers_.spawn("api", api_->watch());
    api_->set_ready();
  }
  boost::system::error_code ec;
  const int signal = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  program_.logger->info("stopping", kv("signal", signal == SIGINT ? "SIGINT" : "SIGTERM"));
  co_await stop();
  program_.logger->info("stopped", kv("turns", loop_.counters().turns),
                        kv("lateness_p50_ms", loop_.counters().lateness.percentile(0.5).count()),
                        kv("lateness_p99_ms", loop_.counters().lateness.percentile(0.99).count()),
                        kv("lateness_max_ms", loop_.counters().lateness.max().count()));
}

// Nothing new starts; what runs is followed to its end; statuses are true when we leave.
asio::awaitable<void> Service::stop() {
  program_.gate.close_for_stop();
  loop_.stop();
  program_.driver->stop();
  watchers_.request_stop();
  TaskGroup patience(program_.io.get_executor(), *program_.logger);
  patience.spawn("grace", interrupt_when_asked_or_late());
  if (api_) co_await api_->close();
  co_await loop_.drain();
  if (api_) co_await api_->drain();
  co_await recoveries_.join();
  patience.request_stop();
  co_await patience.join();
  co_await watchers_.join();
}

asio::awaitable<void> Service::interrupt_when_asked_or_late() {
  auto again = [](asio::signal_set& signals) -> asio::awaitable<Result<void>> {
    boost::system::error_code ec;
    co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return fail(ErrorKind::cancelled, "no second signal");
    co_return Result<void>{};
  };
  auto second_signal = again(signals_);
  auto asked = co_await with_deadline(program_.clock, kStopGrace, std::string("stop"), std::move(second_signal));
  if (!asked && asked.error().kind() == ErrorKind::cancelled) co_return;
  program_.logger->warn("interrupting what runs", kv("cause", asked ? "a second signal" : "the grace time is over"));
  program_.driver->interrupt();
}

}  // namespace

int run_controller(const Options& options) {
  auto program = Program::make(options);
  if (!program) {
    std::fprintf(stderr, "stackscaler: %s\n", program.error().message().c_str());
    return 1;
  }
  auto lock = DataLock::take(options.data);
  if (lock) terraform::sweep(options.data);
  auto ready = lock ? (*program)->add_policies() : Result<void>(fail(lock.error()));
  if (!ready) {
    std::fprintf(stderr, "stackscaler: %s\n", ready.error().message().c_str());
    return 1;
  }
  auto listen = plan_listen((*program)->options);
  if (!listen) {
    std::fprintf(stderr, "stackscaler: %s\n", listen.error().message().c_str());
    return 1;
  }
  Service service(**program, std::move(*listen));
  (*program)->run(service.serve());
  return service.exit_code();
}

}  // namespace stackscaler::controller
