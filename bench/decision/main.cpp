// SPDX-License-Identifier: Apache-2.0
//
// What one decision costs: time and allocations of read_signals + rules_advice + decide with three metrics, beside a
// yardstick of the same run (sorting 64 numbers), so that figures of two machines can be compared.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "advisor/rules.hpp"
#include "decision/decide.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace {

using namespace std::chrono_literals;
using namespace stackscaler;

policy::Spec make_spec() {
  policy::Spec spec;
  policy::Metric cpu;
  cpu.name = "cpu";
  cpu.threshold = policy::Threshold{75, 30, {1, false}};
  policy::Metric requests;
  requests.name = "requests";
  requests.target = policy::Target{policy::TargetType::per_instance, 200};
  policy::Metric plan;
  plan.name = "plan";
  plan.desired = true;
  spec.metrics = {cpu, requests, plan};
  spec.behavior.scale_up.policies = {{4, false, 1min}, {100, true, 1min}};
  spec.behavior.scale_down.policies = {{1, false, 5min}};
  return spec;
}

decision::Observation make_observation(double cpu) {
  decision::Observation out;
  out.current = 6;
  out.reporting = 6;
  for (const auto& [name, value] : {std::pair("cpu", cpu), std::pair("requests", 1150.0), std::pair("plan", 5.0)}) {
    decision::MetricReading reading;
    reading.name = name;
    reading.value = value;
    out.metrics.push_back(std::move(reading));
  }
  return out;
}

struct Cost {
  double ns = 0;
  double allocations = 0;
};

template <class Work>
Cost measure(int rounds, Work work) {
  for (int i = 0; i < rounds / 10; ++i) work(i);
  const std::size_t before = allocations;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) work(i);
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  return {spent.count() / rounds, static_cast<double>(allocations - before) / rounds};
}

volatile int sink = 0;

Cost decisions(const policy::Spec& spec, double cpu) {
  const auto observation = make_observation(cpu);
  decision::History history;
  const WallTime now(1'800'000'000'000ms);
  history.last_scale_end = now - 20min;
  for (int i = 0; i < 5; ++i) history.recommendations.push_back({now - i * 1min, 6 + i % 2});
  for (int i = 0; i < 5; ++i) history.events.push_back({now - i * 4min, i % 2 == 0 ? 1 : -1});
  return measure(200'000, [&](int) {
    const auto signals = decision::read_signals(spec, observation, history, now);
    const auto decided = decision::decide(spec, observation, advisor::rules_advice(observation, signals), history, now);
    sink = sink + decided.to;
  });
}

void print(std::string_view name, const Cost& cost, const Cost& yardstick) {
  std::puts(fmt::format("{:<28} {:>8.0f} ns  {:>6.1f} allocations  {:>6.2f} yardsticks", name, cost.ns,
                        cost.allocations, cost.ns / yardstick.ns)
                .c_str());
}

}  // namespace

int main() {
  const Cost yardstick = measure(200'000, [](int seed) {
    std::array<unsigned, 64> numbers{};
    auto next = static_cast<unsigned>(seed) * 2654435761U + 1U;
    for (unsigned& number : numbers) number = next = next * 1664525U + 1013904223U;
    std::sort(numbers.begin(), numbers.end());
    sink = sink + static_cast<int>(numbers[7] & 1U);
  });
  print("sort of 64 numbers", yardstick, yardstick);
  auto spec = make_spec();
  print("no change", decisions(spec, 50), yardstick);
  print("scale up", decisions(spec, 90), yardstick);
  policy::Schedule business;
  business.name = "business";
  business.start = *policy::Cron::parse("0 8 * * 1-5");
  business.duration = 10h;
  business.time_zone = "Europe/Berlin";
  business.min = 6;
  spec.schedules.push_back(business);
  print("no change, one schedule", decisions(spec, 50), yardstick);
  return 0;
}
