// SPDX-License-Identifier: Apache-2.0
#include "controller/cluster.hpp"

#include <unistd.h>

#include <array>
#include <utility>

#include "base/files.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxGrantsFile = 1 << 20;
constexpr Duration kLastEvents = 3s;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "stackscaler";
}

Result<policy::Grants> read_grants(const std::filesystem::path& file) {
  if (file.empty()) return policy::default_grants();
  auto text = read_file(file, kMaxGrantsFile);
  if (!text) return fail(std::move(text).error().with_context("--grants"));
  return policy::parse_grants(*text, file.string());
}

kube::EventOptions event_options(const std::string& instance) {
  kube::EventOptions out;
  out.reporting_instance = instance.substr(0, 128);
  return out;
}

cluster::ClusterSource::Options source_options(const ClusterOptions& options, policy::Defaults defaults,
                                               policy::Grants grants) {
  cluster::ClusterSource::Options out;
  out.namespaces = options.namespaces;
  out.selector = options.selector;
  out.defaults = defaults;
  out.grants = std::move(grants);
  return out;
}

}  // namespace

Result<std::unique_ptr<Cluster>> Cluster::make(Parts parts, const ClusterOptions& options) {
  kube::ConfigChoice choice;
  choice.kubeconfig = options.kubeconfig;
  choice.context = options.context;
  choice.in_cluster = options.in_cluster;
  auto config = kube::load_config(choice, kube::process_environment());
  if (!config) return fail(std::move(config).error());
  auto grants = read_grants(options.grants);
  if (!grants) return fail(std::move(grants).error());
  return std::unique_ptr<Cluster>(new Cluster(std::move(parts), options, std::move(*config), std::move(*grants)));
}

Cluster::Cluster(Parts parts, const ClusterOptions& options, kube::ClusterConfig config, policy::Grants grants)
    : parts_(std::move(parts)),
      origin_(config.origin),
      identity_(host_name() + "_" + parts_.random.id()),
      credentials_(parts_.executor, std::move(config), parts_.clock, parts_.pool),
      client_(parts_.executor, parts_.http, credentials_, parts_.clock, parts_.random),
      recorder_(parts_.executor, client_, parts_.clock, parts_.random, parts_.logger, event_options(host_name())),
      status_(client_, parts_.clock, [this] { return leading(); }),
      events_(recorder_),
      secrets_(client_, parts_.pool, parts_.logger, parts_.secrets),
      source_({parts_.executor, client_, parts_.clock, parts_.random, parts_.logger, status_, events_, secrets_,
               [this] { return leading(); }},
              source_options(options, parts_.defaults, std::move(grants))),
      wake_(parts_.executor),
      watchers_(parts_.executor, parts_.logger),
      late_(parts_.executor, parts_.logger) {
  const std::string home = options.leader_namespace.empty() ? client_.default_namespace() : options.leader_namespace;
  if (!options.pause_configmap.empty()) {
    const std::size_t slash = options.pause_configmap.find('/');
    const bool named = slash != std::string::npos;
    pause_ = std::make_unique<cluster::PauseWatch>(
        client_, parts_.clock, parts_.logger, named ? options.pause_configmap.substr(0, slash) : home,
        named ? options.pause_configmap.substr(slash + 1) : options.pause_configmap);
  }
  if (options.leader_elect) {
    election_ = std::make_unique<kube::LeaderElection>(client_, parts_.clock, parts_.random, parts_.logger,
                                                       kube::LeaseName{home, options.leader_name, identity_},
                                                       kube::LeaseTimes(), *this);
  }
}

Cluster::~Cluster() = default;

void Cluster::spawn(ports::PolicySink& sink) {
  late_.spawn("events", recorder_.run());
  if (pause_) late_.spawn("emergency stop", pause_->watch());
  watchers_.spawn("source", source_.watch(sink));
  if (election_) late_.spawn("election", election_->run());
}

void Cluster::on_leading() {
  led_ = true;
  parts_.logger.info("leading", kv("identity", identity_));
  source_.look_again();
  wake_.notify();
}

void Cluster::on_lost() {
  parts_.logger.error("leadership lost", kv("identity", identity_));
  wake_.notify();
}

asio::awaitable<Result<void>> Cluster::until_leading() {
  while (election_ && !election_->is_leader()) {
    auto woken = co_await wake_.wait();
    if (!woken) co_return woken;
  }
  // One look before anything is started: a stop may be in force already.
  if (pause_) co_await pause_->look();
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Cluster::until_lost() {
  while (!election_ || !led_ || election_->is_leader()) {
    auto woken = co_await wake_.wait();
    if (!woken) co_return woken;
  }
  co_return Result<void>{};
}

void Cluster::request_stop() {
  watchers_.request_stop();
}

asio::awaitable<void> Cluster::resign() {
  co_await watchers_.join();
  late_.request_stop();
  co_await late_.join();
  co_await recorder_.flush(kLastEvents);
  if (!election_) co_return;
  auto released = co_await election_->release();
  if (!released) parts_.logger.warn("the lease could not be given back", kv("err", released.error().message()));
}

}  // namespace stackscaler::controller
