// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler run`: start, serve, stop in order.
#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
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
  asio::awaitable<bool> lead();
  asio::awaitable<void> until_stop();
  asio::awaitable<Result<void>> next_signal();
  asio::awaitable<void> give_up(Error error);
  asio::awaitable<void> stop();
  asio::awaitable<void> interrupt_when_asked_or_late();
  [[nodiscard]] std::string policies_text() const;
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
  std::string signal_;  // the last that came
  int exit_code_ = 0;
};

std::string Service::policies_text() const {
  if (program_.cluster) return "custom resources, " + program_.cluster->origin();
  if (!program_.options.policies.empty()) return program_.options.policies.string();
  return "none: every adopted stack follows the defaults";
}

void Service::log_start() const {
  const Options& o = program_.options;
  const char* mode = o.dry_run ? "dry-run" : o.enabled ? "enabled" : "observing";
  program_.logger->info(
      "started", kv("version", version()), kv("mode", mode), kv("interval", format_duration(o.defaults.interval)),
      kv("threshold", decision::format_value(o.defaults.confidence_threshold)), kv("policies", policies_text()),
      kv("stacks", o.stacks.string()), kv("prometheus", program_.options.prometheus_url));
  if (o.rehearsal) {
    program_.logger->warn(
        "REHEARSAL: there is no Terraform behind this; counts live in memory and no stack is touched");
  }
}

asio::awaitable<Result<void>> Service::start() {
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

// With several replicas: all know the policies, one acts. False when it is to end before it came to lead.
asio::awaitable<bool> Service::lead() {
  using asio::experimental::awaitable_operators::operator||;
  program_.cluster->spawn(sink());
  if (program_.cluster->elects()) program_.logger->info("standing by", kv("cluster", program_.cluster->origin()));
  auto leading = program_.cluster->until_leading();
  auto signal = next_signal();
  auto first = co_await (std::move(leading) || std::move(signal));
  const bool leads = first.index() == 0 && std::get<0>(first).has_value();
  if (!leads) program_.logger->info("stopping", kv("signal", signal_));
  co_return leads;
}

// Until a signal, or until another replica leads.
asio::awaitable<void> Service::until_stop() {
  using asio::experimental::awaitable_operators::operator||;
  if (!program_.cluster) {
    (void)co_await next_signal();
    program_.logger->info("stopping", kv("signal", signal_));
    co_return;
  }
  auto lost = program_.cluster->until_lost();
  auto signal = next_signal();
  auto first = co_await (std::move(lost) || std::move(signal));
  if (first.index() != 0) {
    program_.logger->info("stopping", kv("signal", signal_));
    co_return;
  }
  // What runs is followed to its end, and whoever started this starts it again, as a standby.
  program_.logger->error("stopping", kv("cause", "another replica may lead"));
  exit_code_ = 1;
}

asio::awaitable<Result<void>> Service::next_signal() {
  boost::system::error_code ec;
  const int signal = co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(ErrorKind::cancelled, "no signal");
  signal_ = signal == SIGINT ? "SIGINT" : "SIGTERM";
  co_return Result<void>{};
}

asio::awaitable<void> Service::give_up(Error error) {
  program_.logger->error("cannot start", kv("err", error.message()));
  exit_code_ = 1;
  co_await stop();
}

asio::awaitable<void> Service::serve() {
  log_start();
  if (api_) {
    // A standby answers too: it is alive, ready to take over, and says that another leads.
    if (auto listening = api_->start(); !listening) {
      co_await give_up(listening.error());
      co_return;
    }
  }
  if (program_.cluster) {
    if (api_ && program_.cluster->elects()) api_->set_ready();
    const bool leads = co_await lead();
    if (!leads) {
      co_await stop();
      co_return;
    }
  }
  auto started = co_await start();
  if (!started) {
    co_await give_up(started.error());
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
  co_await until_stop();
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
  if (program_.cluster) program_.cluster->request_stop();
  TaskGroup patience(program_.io.get_executor(), *program_.logger);
  patience.spawn("grace", interrupt_when_asked_or_late());
  if (api_) co_await api_->close();
  co_await loop_.drain();
  if (api_) co_await api_->drain();
  co_await recoveries_.join();
  patience.request_stop();
  co_await patience.join();
  co_await watchers_.join();
  if (program_.cluster) co_await program_.cluster->resign();
}

asio::awaitable<void> Service::interrupt_when_asked_or_late() {
  auto second_signal = next_signal();
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
