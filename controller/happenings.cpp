// SPDX-License-Identifier: Apache-2.0
#include "controller/happenings.hpp"

#include <fmt/core.h>

#include "policy/reasons.hpp"

namespace stackscaler::controller {
namespace {

namespace reason = policy::reason;
using Kind = ConvergeResult::Kind;
using ports::Happening;

class Teller {
 public:
  explicit Teller(ToldEvents& told) : told_(told) {}

  void tell(bool warning, std::string_view why, std::string_view action, std::string note) {
    Happening out;
    out.warning = warning;
    out.reason = why;
    out.action = action;
    out.note = std::move(note);
    happenings_.push_back(std::move(out));
  }
  // A state of that kind: true when it is news. "" ends it; false too when there was none to end.
  bool news(const std::string& kind, const std::string& state) {
    const auto known = told_.find(kind);
    if (known == told_.end() ? state.empty() : known->second == state) return false;
    if (state.empty()) {
      told_.erase(known);
    } else {
      told_[kind] = state;
    }
    return true;
  }
  [[nodiscard]] std::vector<Happening> take() { return std::move(happenings_); }

 private:
  ToldEvents& told_;
  std::vector<Happening> happenings_;
};

std::string step_of(const decision::Decision& decision) {
  return fmt::format("from {} to {}", decision.from, decision.to);
}

void tell_scaled(const Turn& turn, Teller& teller) {
  const ports::ScaleReport& report = *turn.converge.report;
  if (report.changed) {
    teller.tell(false, "Scaled", "Scale",
                fmt::format("scaled from {} to {}: {} (operation {})", report.from, report.count_after,
                            turn.decision->message, report.operation_id));
  }
  if (report.healed.empty()) return;
  std::string note = "replaced";
  for (const std::string& address : report.healed) note += " " + address;
  teller.tell(false, reason::kHealed, "Scale", std::move(note));
}

void tell_converge(const Turn& turn, Teller& teller) {
  const ConvergeResult& converge = turn.converge;
  if (converge.kind == Kind::scaled) tell_scaled(turn, teller);
  if (converge.kind == Kind::failed) {
    const bool refused = converge.reason == reason::kPlanRefused || converge.reason == reason::kUnhealthyStack;
    teller.tell(true, refused ? "ScaleRefused" : "ScaleFailed", "Scale",
                fmt::format("{}: {}: {}", step_of(*turn.decision), converge.reason, converge.message));
  }
  const bool rehearsed = converge.kind == Kind::gated && converge.reason == reason::kDryRun;
  if (teller.news("dryRun", rehearsed ? step_of(*turn.decision) : "") && rehearsed) {
    teller.tell(false, reason::kDryRun, "Scale",
                fmt::format("would scale {}: {}", step_of(*turn.decision), turn.decision->message));
  }
}

void tell_advice(const decision::Decision& decision, Teller& teller) {
  if (!decision.advice) return;
  const decision::Advice& advice = *decision.advice;
  if (!teller.news("advisor", advice.unavailable)) return;
  if (advice.unavailable.empty()) {
    teller.tell(false, "AdvisorAvailable", "Advise", "the advisor advises again");
  } else {
    teller.tell(true, "AdvisorFallback", "Advise",
                fmt::format("{}: {}; {} decide", advice.unavailable, advice.unavailable_message, advice.advisor));
  }
}

}  // namespace

std::vector<Happening> happenings_of(const Turn& turn, const PolicyMemory& memory, ToldEvents& told) {
  Teller teller(told);
  if (turn.error) {
    if (turn.error->kind() == ErrorKind::cancelled) return {};
    const std::string why = turn.error->reason().empty() ? std::string(reason::kStateUnreadable) : turn.error->reason();
    if (teller.news("error", why)) teller.tell(true, why, "Observe", turn.error->message());
    return teller.take();
  }
  (void)teller.news("error", "");
  const bool outside = memory.outside_until && turn.converge.reason == reason::kCountChangedOutside;
  if (teller.news("outside", outside ? memory.outside : "") && outside) {
    teller.tell(true, reason::kCountChangedOutside, "Observe", memory.outside);
  }
  if (teller.news("metrics", turn.metrics_missing)) {
    if (turn.metrics_missing.empty()) {
      teller.tell(false, "MetricsAvailable", "ReadMetrics", "all metrics are there again");
    } else {
      teller.tell(true, reason::kMetricsUnavailable, "ReadMetrics",
                  turn.metrics_missing + "; nothing is scaled down while a metric is missing");
    }
  }
  tell_advice(*turn.decision, teller);
  tell_converge(turn, teller);
  return teller.take();
}

}  // namespace stackscaler::controller
