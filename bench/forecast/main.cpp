// SPDX-License-Identifier: Apache-2.0
//
// What a forecast costs: a year of minutes through one forecaster, with need, forecast and advice of each, the memory
// that it then holds, and what its record weighs; beside a yardstick of the same run (sorting 64 numbers).
#include <malloc.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <new>

#include "forecast/advise.hpp"

namespace {

std::size_t held = 0;

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  held += malloc_usable_size(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  held -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

namespace {

using namespace std::chrono_literals;
using namespace stackscaler;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double yardstick_us() {
  constexpr int kRounds = 20'000;
  std::array<int, 64> numbers{};
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<int>((i * 7919 + static_cast<std::size_t>(round)) % 997);
    }
    std::sort(numbers.begin(), numbers.end());
  }
  return seconds_since(begin) / kRounds * 1e6;
}

policy::Spec make_spec() {
  policy::Spec spec;
  policy::Metric cpu;
  cpu.name = "cpu";
  cpu.preset = policy::Preset::cpu;
  cpu.target = policy::Target{policy::TargetType::utilization, 72};
  spec.metrics.push_back(cpu);
  return spec;
}

// A working day with some noise, in percent of ten instances.
double cpu_at(int minute) {
  return 40 - 25 * std::cos(2 * M_PI * minute / 1440) + 3 * std::sin(minute * 12.9898);
}

}  // namespace

int main() {
  constexpr int kYear = 365 * 1440;
  const policy::Spec spec = make_spec();
  decision::Observation observation;
  observation.current = 10;
  observation.reporting = 10;
  observation.metrics.emplace_back().name = "cpu";

  const std::size_t before = held;
  forecast::Forecaster forecaster(forecast::ForecastSettings{0.25, 3min, std::chrono::days(90)});
  double longest = 0;
  int ups = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int minute = 0; minute < kYear; ++minute) {
    const auto turn = std::chrono::steady_clock::now();
    const WallTime now(std::chrono::minutes(minute + 1));
    observation.metrics[0].value = cpu_at(minute);
    const auto signals = decision::read_signals(spec, observation, {}, now);
    if (const auto need = forecast::need_of(spec, observation, signals)) forecaster.observe(now, *need);
    const auto advice = forecast::forecast_advice(forecaster, observation, signals, {});
    ups += advice.action == decision::Action::scale_up ? 1 : 0;
    longest = std::max(longest, seconds_since(turn));
  }
  const double year = seconds_since(begin);
  const std::size_t memory = held - before + sizeof forecaster;

  const auto again = std::chrono::steady_clock::now();
  forecast::Forecaster learned(forecast::ForecastSettings{0.25, 3min, std::chrono::days(90)});
  learned.learn(forecaster.past());
  const double learning = seconds_since(again);
  const std::string record = forecast::encode({std::string(64, '0'), {}, forecaster.past()});

  fmt::print("a year of minutes        {:.2f} s\n", year);
  fmt::print("a decision               {:.2f} us (longest {:.0f} us; sorting 64 numbers: {:.2f} us)\n",
             year / kYear * 1e6, longest * 1e6, yardstick_us());
  fmt::print("memory, 90 days          {} bytes (the forecaster says {})\n", memory, forecaster.bytes());
  fmt::print("record, 90 days          {} bytes\n", record.size());
  fmt::print("learning 90 days anew    {:.2f} s\n", learning);
  fmt::print("ordered ahead            {} times\n", ups);
  return memory <= (1U << 20U) ? 0 : 1;
}
