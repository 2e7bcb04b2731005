// SPDX-License-Identifier: Apache-2.0
//
// What a scrape of /metrics costs the loop, with N policies (5000): stackscaler-bench-api [N]
//
// The page is made at once, so its time is loop time. The fleet is in memory; the rest of a scrape is the kernel's.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <vector>

#include "api/telemetry.hpp"

namespace {

using namespace stackscaler;

struct Entry {
  policy::ScalingPolicy policy;
  api::LastTurn last;
};

class Fleet final : public api::Fleet {
 public:
  explicit Fleet(int count) {
    for (int i = 0; i < count; ++i) {
      Entry entry;
      entry.policy.key.name = "policy-" + std::to_string(i);
      entry.policy.spec.stack.id = "stack-" + std::to_string(i);
      entry.last.status.current_instances = i % 20;
      entry.last.status.desired_instances = i % 20 + 1;
      policy::Condition ready;
      ready.type = "Ready";
      ready.status = policy::ConditionStatus::true_;
      entry.last.status.conditions.assign(5, ready);
      const auto key = entry.policy.key;
      entries_.emplace(key, std::move(entry));
    }
  }
  std::vector<policy::PolicyKey> keys() const override {
    std::vector<policy::PolicyKey> out;
    for (const auto& [key, entry] : entries_) out.push_back(key);
    return out;
  }
  std::optional<api::PolicyView> policy(const policy::PolicyKey& key) const override {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    api::PolicyView out;
    out.policy = &found->second.policy;
    out.last = &found->second.last;
    out.stack = found->second.policy.spec.stack.id;
    return out;
  }
  std::optional<policy::PolicyKey> policy_of(const std::string&) const override { return std::nullopt; }
  api::ControllerView controller() const override { return {}; }
  boost::asio::awaitable<Result<api::PolicyText>> text(policy::PolicyKey) override { co_return api::PolicyText(); }
  boost::asio::awaitable<Result<std::vector<api::StackView>>> stacks() override {
    co_return std::vector<api::StackView>();
  }
  boost::asio::awaitable<Result<api::StackView>> stack(std::string) override { co_return api::StackView(); }
  boost::asio::awaitable<Result<api::MetricsView>> metrics(std::string) override { co_return api::MetricsView(); }
  boost::asio::awaitable<Result<std::string>> simulate(api::SimulationQuery) override { co_return std::string(); }

 private:
  std::map<policy::PolicyKey, Entry> entries_;
};

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 5000;
  const Fleet fleet(count);
  const api::Telemetry telemetry;
  std::vector<double> times;
  std::size_t bytes = 0;
  for (int i = 0; i < 50; ++i) {
    // CPU time: what others do on the machine is not in it.
    const std::clock_t begin = std::clock();
    bytes = telemetry.page(fleet, {}).size();
    times.push_back(1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  std::sort(times.begin(), times.end());
  std::printf("%d policies: %zu bytes; CPU ms: median %.2f, p90 %.2f, worst %.2f\n", count, bytes, times[25], times[45],
              times.back());
  return 0;
}
