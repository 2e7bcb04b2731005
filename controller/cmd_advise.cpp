// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler advise`: what the advisor of the policies named says of their metrics now.
//
// Needs no stack, no journal and no Terraform, and changes nothing. Exit 1 when a file is wrong, a metric is missing or
// an advisor was not available. With --print-prompt nobody but the metrics' server is asked.
#include <fmt/core.h>

#include <cstdio>
#include <random>

#include "advisor/prompt.hpp"
#include "controller/advisors.hpp"
#include "controller/commands.hpp"
#include "controller/decision_json.hpp"
#include "controller/program.hpp"
#include "controller/session.hpp"
#include "decision/schedules.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

class Consultation {
 public:
  Consultation(const Options& options, metrics::Endpoint endpoint)
      : options_(options),
        session_(options, LogLevel::error),
        metrics_(session_.client, session_.clock, *session_.logger, std::move(endpoint), session_.metrics_settings()),
        advisors_(Advisors::Parts{session_.client, session_.clock, *session_.logger, random_, &session_.pool,
                                  environment_of(options)}) {}

  // False when an advisor was not available.
  bool run(const std::vector<policy::ScalingPolicy>& policies) {
    session_.run(all(policies));
    return available_;
  }

 private:
  asio::awaitable<void> all(const std::vector<policy::ScalingPolicy>& policies) {
    for (const policy::ScalingPolicy& policy : policies) co_await one(policy);
  }
  asio::awaitable<void> one(const policy::ScalingPolicy& policy);
  [[nodiscard]] int count_of(const policy::Spec& spec, const ports::MetricsReading& reading) const;
  void print_prompt(const policy::ScalingPolicy& policy, const decision::Observation& observation,
                    const decision::Signals& signals);
  void print(const policy::ScalingPolicy& policy, const decision::Decision& decision,
             const decision::Observation& observation);

  const Options& options_;
  Session session_;
  Random random_{std::random_device{}()};
  metrics::PrometheusSource metrics_;
  Advisors advisors_;
  bool available_ = true;
};

// No stack is looked at: the count is what was said, else what the metrics know.
int Consultation::count_of(const policy::Spec& spec, const ports::MetricsReading& reading) const {
  if (options_.instances > 0) return options_.instances;
  for (std::size_t i = 0; i < spec.metrics.size() && i < reading.metrics.size(); ++i) {
    const auto& value = reading.metrics[i].value;
    if (spec.metrics[i].preset == policy::Preset::instances && value && *value >= 0 && *value <= policy::kMaxInstances)
      return static_cast<int>(*value);
  }
  return reading.reporting.value_or(spec.bounds.min);
}

void Consultation::print_prompt(const policy::ScalingPolicy& policy, const decision::Observation& observation,
                                const decision::Signals& signals) {
  const policy::Spec& spec = policy.spec;
  if (spec.advisor.type != policy::AdvisorType::gemini && spec.advisor.type != policy::AdvisorType::openai) {
    std::fprintf(stderr, "stackscaler: %s: advisor.type is %s: nothing is sent\n", policy.key.str().c_str(),
                 std::string(to_string(spec.advisor.type)).c_str());
    return;
  }
  const policy::Bounds bounds = decision::active_schedules(spec, session_.clock.wall_now()).bounds;
  const advisor::Prompt prompt = advisor::make_prompt(spec, bounds, observation, signals, {}, {});
  const auto shown = advisor::ModelClient::shown_request(spec.advisor, prompt);
  if (!shown) {
    std::fprintf(stderr, "stackscaler: %s: %s\n", policy.key.str().c_str(), shown.error().message().c_str());
    available_ = false;
    return;
  }
  std::printf("%s\n", shown->c_str());
}

void Consultation::print(const policy::ScalingPolicy& policy, const decision::Decision& decision,
                         const decision::Observation& observation) {
  if (options_.output == Output::json) {
    std::printf("%s\n", decision_detail_json(decision, &observation).c_str());
    return;
  }
  const std::string verb(decision::to_string(decision.action));
  std::printf("%s\n", fmt::format("{}: {} from {} to {} by {} (confidence {:.2f}), {}", policy.key.str(), verb,
                                  decision.from, decision.to, decision.advisor, decision.confidence, decision.reason)
                          .c_str());
  for (const decision::TraceLine& line : decision.trace) {
    std::printf("%s\n",
                fmt::format("  {:<14} {:>4} -> {:<4} {}", line.step, line.before, line.after, line.message).c_str());
  }
}

// The referents live in run()'s caller.
asio::awaitable<void> Consultation::one(const policy::ScalingPolicy& policy) {
  ports::MetricsReading reading = co_await metrics_.read(policy);
  const int count = count_of(policy.spec, reading);
  const auto observation = ports::observation_of(std::move(reading), count);
  const decision::History none;
  const WallTime now = session_.clock.wall_now();
  const decision::Signals signals = decision::read_signals(policy.spec, observation, none, now);
  if (options_.print_prompt) {
    print_prompt(policy, observation, signals);
    co_return;
  }
  std::optional<decision::Advice> advice;
  auto advised = co_await advisors_.get().advise(policy, observation, signals);
  if (advised) advice = std::move(*advised);
  available_ = available_ && signals.missing.empty() && advice && advice->unavailable.empty();
  print(policy, decision::decide(policy.spec, observation, advice, none, now), observation);
}

}  // namespace

int show_advice(const Options& options) {
  auto endpoint = process_endpoint(options);
  if (!endpoint) {
    std::fprintf(stderr, "stackscaler: %s\n", endpoint.error().message().c_str());
    return 1;
  }
  const NamedPolicies named = read_named_policies(options.paths, options.defaults);
  Consultation consultation(options, std::move(*endpoint));
  const bool available = consultation.run(named.policies);
  return available && named.sound ? 0 : 1;
}

}  // namespace stackscaler::controller
