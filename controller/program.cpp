// SPDX-License-Identifier: Apache-2.0
#include "controller/program.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

#include "controller/forecast_history.hpp"
#include "controller/pause.hpp"
#include "controller/webhook.hpp"
#include "http/url.hpp"
#include "terraform/rehearsal.hpp"
#include "terraform/tool.hpp"

namespace stackscaler::controller {
namespace {

std::unique_ptr<Logger> logger_for(const Options& options) {
  const LogFormat fallback = ::isatty(STDERR_FILENO) == 1 ? LogFormat::text : LogFormat::logfmt;
  return make_logger(options.log_format.value_or(fallback), options.log_level);
}

std::uint64_t seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) ^ device();
}

// What was named, else the first of terraform and tofu that is there. A missing one is said when it is needed.
std::string binary_for(const Options& options) {
  if (!options.terraform.empty()) return options.terraform;
  return !terraform::find_binary("terraform") && terraform::find_binary("tofu") ? "tofu" : "terraform";
}

// What was only rehearsed must not become the history of a real stack.
std::filesystem::path own_folder(const Options& options) {
  return options.rehearsal ? options.data / "rehearsal" : options.data;
}

source::StatusMode status_mode(StatusTarget target) {
  switch (target) {
    case StatusTarget::auto_: return source::StatusMode::auto_;
    case StatusTarget::inline_: return source::StatusMode::inline_;
    case StatusTarget::sidecar: return source::StatusMode::sidecar;
    case StatusTarget::none: break;
  }
  return source::StatusMode::none;
}

terraform::DriverOptions driver_options(const Options& options) {
  terraform::DriverOptions out;
  out.binary = binary_for(options);
  out.data = std::filesystem::absolute(options.data);
  out.allow_env = options.allow_env;
  out.plugin_cache = options.plugin_cache;
  out.allow_terraform_version = options.allow_terraform_version;
  out.max_concurrent = options.max_concurrent;
  out.memory_per_run = options.terraform_memory;
  out.require_locking = options.cluster.leader_elect;
  return out;
}

}  // namespace

Result<metrics::Endpoint> process_endpoint(const Options& options) {
  policy::Source source = options.prometheus;
  source.url = options.prometheus_url;
  auto endpoint = metrics::make_endpoint(source);
  if (!endpoint) return fail(std::move(endpoint).error().with_context("--prometheus-url"));
  if (!endpoint->base.secure && endpoint->tls) {
    return fail(ErrorKind::invalid_input,
                "--prometheus-ca, -cert and -key have no meaning: --prometheus-url is not https");
  }
  return endpoint;
}

Result<DataLock> DataLock::take(const std::filesystem::path& data) {
  const std::filesystem::path file = data / "lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.ok()) return fail(ErrorKind::unavailable, "cannot open " + file.string() + ": " + std::strerror(errno));
  // A child that was between its fork and its exec when an earlier run was killed holds that run's descriptors for a
  // moment longer.
  constexpr int kAttempts = 20;
  int attempt = 1;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (attempt++ < kAttempts) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    return fail(ErrorKind::conflict, "another stackscaler runs with the data folder " + data.string() +
                                         "; stop it, or give this one a folder of its own (--data)");
  }
  return DataLock(std::move(lock));
}

Program::Program(const Options& given, std::unique_ptr<Logger> log, journal::Store store)
    : options(given),
      logger(std::move(log)),
      random(seed()),
      registry(std::filesystem::absolute(options.stacks)),
      gate(ports::GateSettings{options.enabled, options.dry_run, options.rehearsal}),
      journal(std::make_unique<journal::SqliteJournal>(std::move(store))) {
  gate.ask_for_stop([file = PauseFile(std::filesystem::absolute(options.data))] {
    const auto pause = file.look();
    return pause ? pause->sentence() : std::string();
  });
  if (options.rehearsal) {
    driver = std::make_unique<terraform::RehearsalDriver>(clock, random, *journal);
    return;
  }
  auto settings = driver_options(options);
  settings.post_json = [this](std::string url, std::string body, Duration timeout) {
    return post_json(http_client(), std::move(url), std::move(body), timeout);
  };
  auto real = std::make_unique<terraform::TerraformDriver>(io.get_executor(), pool, clock, *logger, random, registry,
                                                           *journal, std::move(settings));
  terraform = real.get();
  driver = std::move(real);
}

Program::~Program() {
  if (client) client->close();
  io.restart();
  io.poll();  // what close() has cancelled ends
  pool.join();
}

Result<std::unique_ptr<Program>> Program::make(const Options& options) {
  auto logger = logger_for(options);
  std::string aside;
  auto store = journal::Store::open(own_folder(options), aside);
  if (!store) return fail(std::move(store).error());
  if (!aside.empty()) {
    logger->error("the journal was damaged; a new one is begun and the old one kept", kv("file", aside));
  }
  return std::unique_ptr<Program>(new Program(options, std::move(logger), std::move(*store)));
}

http::Client& Program::http_client() {
  if (!client) client.emplace(io.get_executor());
  return *client;
}

Result<void> Program::add_policies() {
  auto endpoint = process_endpoint(options);
  if (!endpoint) return fail(std::move(endpoint).error());
  metrics::PrometheusSettings settings;
  settings.pool = &pool;
  metrics = std::make_unique<metrics::PrometheusSource>(http_client(), clock, *logger, *endpoint, settings);
  advisors = std::make_unique<Advisors>(Advisors::Parts{
      http_client(), clock, *logger, random, &pool, environment_of(options), past_needs(*metrics, std::move(*endpoint)),
      advisor::ForecastFiles(std::filesystem::absolute(own_folder(options) / "forecasts"))});
  if (options.cluster.used()) return add_cluster();
  if (options.policies.empty()) return {};
  source::FileSourceOptions files;
  files.root = options.policies;
  files.defaults = options.defaults;
  source = std::make_unique<source::FileSource>(io.get_executor(), pool, clock, *logger, index, std::move(files));
  return {};
}

Result<void> Program::add_cluster() {
  auto made =
      Cluster::make(Cluster::Parts{io.get_executor(), http_client(), pool, clock, random, *logger, options.defaults,
                                   std::filesystem::absolute(own_folder(options) / "secrets")},
                    options.cluster);
  if (!made) return fail(std::move(made).error());
  cluster = std::move(*made);
  gate.ask_for_stop([file = PauseFile(std::filesystem::absolute(options.data)), c = cluster.get()] {
    const auto pause = file.look();
    return pause ? pause->sentence() : c->paused();
  });
  registry.confine();
  if (cluster->elects()) gate.ask_whether_leading([c = cluster.get()] { return c->leading(); });
  return {};
}

std::unique_ptr<ImplicitPolicies> Program::make_implicit(ports::PolicySink& next) {
  if (!options.implicit) return nullptr;
  auto sound = [this] { return source == nullptr || source->sound(); };
  return std::make_unique<ImplicitPolicies>(ImplicitPolicies::Parts{
      io.get_executor(), pool, clock, *logger, registry, *journal, index, next, options.defaults, std::move(sound)});
}

std::unique_ptr<Reconciler> Program::make_reconciler(bool write_status) {
  if (cluster) {
    return std::make_unique<Reconciler>(
        Reconciler::Parts{clock, *logger, random, *metrics, advisors->get(), *driver,
                          write_status && options.status != StatusTarget::none ? &cluster->status() : nullptr, *journal,
                          gate, &cluster->events()},
        ReconcilerSettings{options.fleet, options.outside_hold});
  }
  if (write_status) {
    source::StatusOptions statuses;
    statuses.mode = status_mode(options.status);
    statuses.sidecars = std::filesystem::absolute(own_folder(options) / "status");
    statuses.defaults = options.defaults;
    status = std::make_unique<source::FileStatusWriter>(*logger, index, std::move(statuses));
  }
  return std::make_unique<Reconciler>(
      Reconciler::Parts{clock, *logger, random, *metrics, advisors->get(), *driver,
                        write_status && options.status != StatusTarget::none ? status.get() : nullptr, *journal, gate},
      ReconcilerSettings{options.fleet, options.outside_hold});
}

std::string Program::terraform_name() const {
  return options.rehearsal ? std::string() : binary_for(options);
}

void Program::run(boost::asio::awaitable<void> task) {
  std::exception_ptr failure;
  boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& e) {
    failure = e;
    io.stop();
  });
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace stackscaler::controller
