// SPDX-License-Identifier: Apache-2.0
#include "e2e/world.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace stackscaler::e2e {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 60s;

}  // namespace

LoadTarget::LoadTarget()
    : server_([this](http::IncomingRequest) -> asio::awaitable<http::Response> {
        co_return http::Response(200, "text/plain; version=0.0.4",
                                 "test_cpu{stack=\"web\"} " + std::to_string(value_.load()) + "\n");
      }) {}

std::string World::missing() {
  if (!test::PrometheusProcess::installed()) return test::PrometheusProcess::kHowToInstall;
  return test::terraform_missing();
}

World::World(int count, const std::string& main_tf) : stack(count, main_tf) {
  std::filesystem::create_directories(policies());
  test::ScrapeJob job;
  job.name = "load";
  job.targets.push_back(load.address());
  if (auto url = prometheus.start({job}, 500ms); !url) throw std::runtime_error(url.error().message());
  const Outcome adopted = adopt(stack, "web");
  if (adopted.exit_code != 0) throw std::runtime_error("adopt failed: " + adopted.err);
}

World::~World() = default;

Outcome World::adopt(const test::TerraformStack& other, const std::string& id) const {
  return command({"stack", "adopt", other.folder().string(), "--id", id, "--stacks", (dir_ / "stacks").string(),
                  "--data", data().string()});
}

std::string World::policy(const std::string& bounds, const std::string& more) {
  return "# The web servers\n"
         "apiVersion: stackscaler.dev/v1alpha1\n"
         "kind: ScalingPolicy\n"
         "metadata: { name: web }\n"
         "spec:\n"
         "  stack: { id: web }  # adopted\n"
         "  bounds: " +
         bounds +
         "\n"
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

void World::write_policy(const std::string& name, const std::string& text) const {
  std::ofstream(dir_ / ("new-" + name)) << text;
  std::filesystem::rename(dir_ / ("new-" + name), policies() / name);
}

std::string World::read_policy(const std::string& name) const {
  return slurp(policies() / name);
}

std::vector<std::string> World::common() const {
  return {"--policies", policies().string(), "--stacks",         (dir_ / "stacks").string(),
          "--data",     data().string(),     "--prometheus-url", prometheus.url()};
}

Outcome World::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = arguments;
  if (arguments.front() == "reconcile") {
    const auto more = common();
    all.insert(all.end(), more.begin(), more.end());
  } else if (arguments.front() == "stack" && arguments[1] != "adopt") {
    all.insert(all.end(), {"--stacks", (dir_ / "stacks").string(), "--data", data().string()});
  }
  const auto out = dir_ / "command.out";
  const auto err = dir_ / "command.err";
  std::filesystem::remove(err);
  Process process(all, out, err);
  Outcome outcome;
  outcome.exit_code = process.wait();
  outcome.out = slurp(out);
  outcome.err = slurp(err);
  return outcome;
}

void World::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{"run", "--log-level", "debug", "--listen", "127.0.0.1:0"};
  if (std::find(arguments.begin(), arguments.end(), "--log-format") == arguments.end()) {
    all.insert(all.end(), {"--log-format", "logfmt"});
  }
  const auto more = common();
  all.insert(all.end(), more.begin(), more.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<Process>(all, dir_ / "run.out", dir_ / "run.log");
}

void World::signal(int number) const {
  process_->signal(number);
}

int World::wait_for_exit() {
  return process_->wait();
}

std::string World::log() const {
  return slurp(dir_ / "run.log");
}

bool World::eventually(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(50ms);
  }
  std::fprintf(stderr, "--- log of the program\n%s\n", log().c_str());
  return false;
}

bool World::always_for(double seconds, const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (!condition()) return false;
    std::this_thread::sleep_for(50ms);
  }
  return true;
}

std::string World::status(const std::string& policy, const std::string& path) const {
  try {
    YAML::Node node = YAML::Load(read_policy(policy))["status"];
    if (!node) return {};
    std::istringstream parts(path);
    std::string part;
    std::getline(parts, part, '.');
    if (std::isupper(static_cast<unsigned char>(part[0])) != 0) {
      YAML::Node found;
      const YAML::Node conditions = node["conditions"];
      for (std::size_t i = 0; i < conditions.size(); ++i) {
        if (conditions[i]["type"].as<std::string>() == part) found.reset(conditions[i]);
      }
      node.reset(found);
    } else {
      node.reset(node[part]);
    }
    while (node && std::getline(parts, part, '.')) node.reset(node[part]);
    return node && node.IsScalar() ? node.Scalar() : std::string();
  } catch (const YAML::Exception&) {
    return {};
  }
}

std::map<int, std::string> World::ids() const {
  for (int attempt = 0;; ++attempt) {
    try {
      return stack.ids();
    } catch (const std::exception&) {
      if (attempt == 50) throw;
      std::this_thread::sleep_for(20ms);
    }
  }
}

std::string World::metadata() const {
  return slurp(dir_ / "stacks" / "web" / "deploy_metadata.json");
}

}  // namespace stackscaler::e2e
