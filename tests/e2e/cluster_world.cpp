// SPDX-License-Identifier: Apache-2.0
#include "e2e/cluster_world.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace stackscaler::e2e {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {
constexpr auto kPatience = 60s;
}

std::string ClusterWorld::missing() {
  if (const std::string lacking = test::KubeServer::missing(); !lacking.empty()) return lacking;
  return World::missing();
}

ClusterWorld::ClusterWorld(std::optional<int> count) {
  install();
  space_ = server().make_namespace("shop");
  // The shipped Role names one Lease and one ConfigMap, so worlds share them and come one after the other.
  lease_ = "stackscaler";
  pause_ = "stackscaler-pause";
  kubeconfig_ = server().kubeconfig_for_token(server().service_account_token(kHome, "stackscaler"), kHome);
  fs::create_directories(dir_ / "stacks" / space_);
  test::ScrapeJob job;
  job.name = "load";
  job.targets.push_back(load.address());
  if (auto url = prometheus.start({job}, 500ms); !url) throw std::runtime_error(url.error().message());
  if (count) add_stack(*count);
}

// What manifests/ ships, whole: the tests run under its rights and its schema.
void ClusterWorld::install() const {
  static const bool once = [this] {
    const auto run = server().kubectl({"apply", "-f", STK_SOURCE_DIR "/manifests/install.yaml"});
    if (run.exit_code != 0) throw std::runtime_error("manifests/install.yaml: " + run.err);
    const auto served = server().kubectl(
        {"wait", "--for=condition=Established", "--timeout=60s", "crd/scalingpolicies.stackscaler.dev"});
    if (served.exit_code != 0) throw std::runtime_error(served.err);
    return true;
  }();
  (void)once;
  (void)server().kubectl({"delete", "lease", "stackscaler", "-n", kHome, "--ignore-not-found"});
  (void)server().kubectl({"delete", "configmap", "stackscaler-pause", "-n", kHome, "--ignore-not-found"});
}

void ClusterWorld::add_stack(int count) {
  const test::TerraformStack made(count);
  fs::copy(made.folder(), stack_folder(), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  Process adopt({"stack", "adopt", stack_folder().string(), "--id", space_ + "/web", "--stacks",
                 (dir_ / "stacks").string(), "--data", (dir_ / "adopt").string()},
                dir_ / "adopt.out", dir_ / "adopt.err");
  if (adopt.wait() != 0) throw std::runtime_error("adopt failed: " + slurp(dir_ / "adopt.err"));
}

std::string ClusterWorld::policy(const std::string& more, const std::string& name) const {
  return "apiVersion: stackscaler.dev/v1alpha1\n"
         "kind: ScalingPolicy\n"
         "metadata: { name: " +
         name + ", namespace: " + space_ +
         " }\n"
         "spec:\n"
         "  stack: { id: web }\n"
         "  bounds: { min: 1, max: 3 }\n"
         "  interval: 1s\n"
         "  metrics:\n"
         "    - name: cpu\n"
         "      query: max(test_cpu{stack=\"web\"})\n"
         "      freshness: max(timestamp(test_cpu{stack=\"web\"}))\n"
         "      maxAge: 5s\n"
         "      threshold: { scaleUp: 75, scaleDown: 30 }\n"
         "  behavior:\n"
         "    warmup: 0s\n"
         "    scaleUp: { cooldown: 0s }\n"
         "    scaleDown: { cooldown: 0s, stabilizationWindow: 0s }\n" +
         more;
}

test::KubectlRun ClusterWorld::try_kubectl(const std::vector<std::string>& arguments, const std::string& input) const {
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"-n", space_});
  return server().kubectl(all, input);
}

std::string ClusterWorld::kubectl(const std::vector<std::string>& arguments, const std::string& input) const {
  const auto run = try_kubectl(arguments, input);
  if (run.exit_code != 0) throw std::runtime_error("kubectl " + arguments.front() + ": " + run.err);
  return run.out;
}

std::string ClusterWorld::get(const std::string& path, const std::string& name) const {
  const auto run = try_kubectl({"get", "scalingpolicy", name, "-o", "jsonpath={" + path + "}"});
  return run.exit_code == 0 ? run.out : std::string();
}

std::string ClusterWorld::condition(const std::string& type, const std::string& field, const std::string& name) const {
  return get(".status.conditions[?(@.type==\"" + type + "\")]." + field, name);
}

std::string ClusterWorld::events(const std::string& name) const {
  const auto run = try_kubectl({"get", "events.events.k8s.io", "-o",
                                "jsonpath={range .items[?(@.regarding.name==\"" + name + "\")]}{.reason} {end}"});
  return run.out;
}

Process& ClusterWorld::start(const std::string& replica, const std::vector<std::string>& arguments) {
  std::vector<std::string> all{"run",
                               "--log-format",
                               "logfmt",
                               "--log-level",
                               "debug",
                               "--kubeconfig",
                               kubeconfig_,
                               "--namespaces",
                               space_,
                               "--leader-namespace",
                               kHome,
                               "--pause-configmap",
                               std::string(kHome) + "/" + pause_,
                               "--stacks",
                               (dir_ / "stacks").string(),
                               "--data",
                               (dir_ / ("data-" + replica)).string(),
                               "--listen",
                               "off",
                               "--prometheus-url",
                               prometheus.url()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto& slot = replicas_[replica];
  slot.reset();
  slot = std::make_unique<Process>(all, dir_ / (replica + ".out"), dir_ / (replica + ".log"));
  return *slot;
}

std::string ClusterWorld::log(const std::string& replica) const {
  return slurp(dir_ / (replica + ".log"));
}

bool ClusterWorld::eventually(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(100ms);
  }
  for (const auto& [name, process] : replicas_) {
    std::fprintf(stderr, "--- log of replica %s\n%s\n", name.c_str(), log(name).c_str());
  }
  return false;
}

bool ClusterWorld::always_for(double seconds, const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (!condition()) return false;
    std::this_thread::sleep_for(100ms);
  }
  return true;
}

int ClusterWorld::count() const {
  for (int attempt = 0; attempt < 50; ++attempt) {
    const auto state = nlohmann::json::parse(slurp(stack_folder() / "terraform.tfstate"), nullptr, false);
    if (state.is_object()) {
      int found = 0;
      for (const auto& resource : state.value("resources", nlohmann::json::array())) {
        if (resource.value("name", "") == "app") found += static_cast<int>(resource["instances"].size());
      }
      return found;
    }
    std::this_thread::sleep_for(20ms);  // a torn read
  }
  return -1;
}

}  // namespace stackscaler::e2e
