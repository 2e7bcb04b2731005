// SPDX-License-Identifier: Apache-2.0
//
// A simulation for the API: the policy as loaded, over what Prometheus has of its stack's load.
#include "async/offload.hpp"
#include "controller/api_bridge.hpp"
#include "controller/simulation.hpp"
#include "controller/turn.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTick = 1min;

Result<simulate::Load> load_of(metrics::RangeAnswer answer, const LoadQuery& query, double slo) {
  auto trace = trace_of(std::move(answer), "the range query");
  if (!trace) return fail(std::move(trace).error());
  simulate::Scale scale;
  scale.tick = kTick;
  scale.slo = slo;
  scale.capacity_per_instance = query.capacity;
  return simulate::make_load(*trace, scale);
}

std::string measures_json(const policy::ScalingPolicy& policy, const simulate::Load& load, Duration boot_delay) {
  const SimulateAdvisor advisor = advisor_in_replay(policy);
  const simulate::Conditions conditions{boot_delay, 0, std::nullopt};
  SimulatedPolicy row{policy.key.str(), name_of(advisor), {}};
  row.measures = simulate_policy(policy, advisor, load, conditions, {});
  return render_one_simulation_json(row, load);
}

}  // namespace

asio::awaitable<Result<std::string>> ApiBridge::simulate(api::SimulationQuery query) {
  const auto policy = policy_named(query.policy);
  if (!policy) co_return fail(ErrorKind::not_found, "there is no policy " + query.policy.str());
  if (simulating_) {
    co_return fail(ErrorKind::unavailable, "another simulation is under way: there is one at a time");
  }
  const Flag busy(simulating_);
  auto process = process_endpoint(program_.options);
  if (!process) co_return fail(std::move(process).error());
  auto wanted = load_query(*policy, *process, query.slo);
  if (!wanted) co_return fail(std::move(wanted).error());
  metrics::RangeSettings settings;
  settings.budget = 30s;
  metrics::RangeReader reader(program_.metrics->queries(), settings);
  metrics::RangeQuery range(wanted->text, query.since, query.until, kTick);
  auto answer = co_await reader.read(wanted->endpoint, std::move(range));
  if (!answer) co_return fail(std::move(answer).error());
  auto load = load_of(std::move(*answer), *wanted, query.slo);
  if (!load) co_return fail(std::move(load).error());
  auto replay = [policy, made = std::move(*load), boot = query.boot_delay] {
    return measures_json(*policy, made, boot);
  };
  co_return co_await offload(program_.pool, std::move(replay));
}

}  // namespace stackscaler::controller
