// SPDX-License-Identifier: Apache-2.0
#include "terraform/guard.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "policy/reasons.hpp"
#include "terraform/address.hpp"
#include "terraform/guard_rules.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool broken(Rule rule, bool is) {
  return is && rule_on(rule);
}

// One judgement in progress. Each rule either lets a change pass or adds a line to `refused`.
class Guard {
 public:
  Guard(const PlanStream& plan, const GuardInput& input) : plan_(plan), input_(input) {
    present_[input.resource] = {input.indexes.begin(), input.indexes.end()};
    for (const std::string& base : input.dependents) {
      const auto known = input.dependent_indexes.find(base);
      if (base != input.resource && known != input.dependent_indexes.end()) present_[base] = known->second;
    }
    read_drift();
    const std::set<int>& counted = present_[input.resource];
    going_down_ = !counted.empty() && *counted.rbegin() >= input.target;
    hole_ = !counted.empty() && *counted.rbegin() + 1 != static_cast<int>(counted.size());
    after_ = counted;
  }

  Verdict judge() {
    check_stream();
    if (!refused_.empty()) return finish();
    read_renewed();
    for (const PlannedChange& change : plan_.changes) check(change);
    check_totals();
    check_end();
    return finish();
  }

 private:
  // What died outside Terraform shows as drift: it is not in the refreshed state. Drift of other resources, and drift
  // that deletes nothing, is what the state did not know yet; what Terraform makes of it shows as a change.
  void read_drift() {
    for (const PlannedChange& drift : plan_.drift) {
      const auto address = parse_address(drift.address);
      if (drift.action != "delete" || !address || !address->index) continue;
      const auto known = present_.find(address->base);
      if (known == present_.end() || known->second.erase(*address->index) == 0) continue;
      gone_.push_back(drift.address);
      dead_ = dead_ || address->base == input_.resource;
    }
  }

  // Indexes whose counted instance is another one after this plan. Whether it may be is judged at its own change.
  void read_renewed() {
    for (const PlannedChange& change : plan_.changes) {
      const auto address = parse_address(change.address);
      if (!address || address->base != input_.resource || !address->index) continue;
      if (change.action == "create" || change.action == "replace") renewed_.insert(*address->index);
    }
  }

  void check_stream() {
    const auto first_major = [](const std::string& version) { return version.starts_with("1."); };
    if (broken(Rule::known_version, !first_major(plan_.version) || !first_major(plan_.ui)))
      refuse("the plan does not say that it is of a terraform 1.x and in the format 1.x");
    const Diagnostic* error = plan_.first_error();
    if (broken(Rule::no_error, error != nullptr)) refuse("the plan has an error: " + one_line(error->summary, 200));
    if (broken(Rule::not_truncated, plan_.truncated)) refuse("the plan is too large to be checked");
    if (broken(Rule::whole_lines, plan_.malformed != 0 || plan_.torn)) refuse("the plan has lines that can't be read");
    if (broken(Rule::known_kinds, !plan_.unknown_planned.empty()))
      refuse("the plan holds what is not known: " + one_line(plan_.unknown_planned, 100));
    if (broken(Rule::has_summary, !plan_.plan_summary)) refuse("the plan has no summary of its changes");
  }

  void check(const PlannedChange& change) {
    const bool quiet = change.action == "noop" || change.action == "no-op" || change.action == "read";
    if (!quiet) {
      changes_ = true;
      named_[change.action].push_back(change.address);
    }
    if (broken(Rule::no_move, change.action == "move" || !change.previous_address.empty()))
      return refuse(change, "moved from " + change.previous_address);
    if (broken(Rule::no_import, change.action == "import" || change.importing)) return refuse(change, "imports");
    const auto address = parse_address(change.address);
    if (change.action == "read" && broken(Rule::data_reads, !address || !address->data))
      return refuse(change, "only data sources are read");
    if (quiet || change.action == "move" || change.action == "import") return;
    if (broken(Rule::one_change, !seen_.insert(change.address).second))
      return refuse(change, "a second change of the same address; a leftover of a replacement looks like that");
    if (broken(Rule::address, !address)) return refuse(change, "not an address that is understood");
    if (address) check(change, *address);
  }

  void check(const PlannedChange& change, const Address& address) {
    const std::set<std::string> attributes = allowed_attributes(change);
    const bool counted = address.base == input_.resource;
    const bool dependent =
        std::find(input_.dependents.begin(), input_.dependents.end(), address.base) != input_.dependents.end();
    if (attributes.empty() && broken(Rule::ours_only, !counted && !dependent)) return refuse(change, change.reason);
    if (broken(Rule::data_loss, !counted && !input_.allow_data_loss && holds_data(address.type)))
      return refuse(change, "holds data; needs allowDataLoss: true");
    const bool good = change.reason.empty() || change.action == "delete" ||
                      (change.action == "replace" && change.reason == "tainted") || follows(change, counted, dependent);
    if (broken(Rule::known_reason, !good)) return refuse(change, change.reason);
    if (!attributes.empty()) return check_update(change, attributes);
    if (broken(Rule::one_index, !address.index)) return refuse(change, "no single count index");
    if (!address.index) return;
    if (change.action == "create") return check_create(change, address);
    if (change.action == "delete") return check_delete(change, address);
    if (follows(change, counted, dependent)) return check_follower(change, address);
    if (change.action == "replace") return check_replace(change, address);
    if (rule_on(Rule::known_action)) refuse(change, change.reason);
  }

  // A replacement that may be there because the instance at its index is new: what names its id can't be updated.
  static bool follows(const PlannedChange& change, bool counted, bool dependent) {
    return dependent && !counted && change.action == "replace" && change.reason == "cannot_update";
  }

  // What the policy lets this update change; empty: it is no update that the policy allows.
  [[nodiscard]] std::set<std::string> allowed_attributes(const PlannedChange& change) const {
    std::set<std::string> attributes;
    if (change.action != "update") return attributes;
    for (const policy::AllowedUpdate& allowed : input_.allow_updates) {
      if (allowed.address == change.address) attributes.insert(allowed.attributes.begin(), allowed.attributes.end());
    }
    return attributes;
  }

  void check_update(const PlannedChange& change, const std::set<std::string>& allowed) {
    if (input_.details == nullptr) return updates_.push_back(change.address);
    const auto found = input_.details->changed.find(change.address);
    const bool looked_at = found != input_.details->changed.end() && !found->second.empty();
    if (broken(Rule::update_details, !looked_at)) return refuse(change, "terraform show has no plain update of it");
    if (!looked_at) return;
    std::set<std::string> others = found->second;
    std::erase_if(others, [&](const std::string& name) { return allowed.contains(name); });
    if (broken(Rule::update_allowed, !others.empty()))
      refuse(change, "changes " + joined(others) + "; allowed is " + joined(allowed));
  }

  void check_create(const PlannedChange& change, const Address& address) {
    const int index = *address.index;
    if (broken(Rule::create_below, index >= input_.target)) return refuse(change, "index not below the target");
    if (broken(Rule::create_missing, present_[address.base].contains(index))) return refuse(change, "exists already");
    if (broken(Rule::create_up, going_down_))
      return refuse_unhealthy(change, "missing below the count while scaling down");
    creates_.insert(index);
    if (address.base == input_.resource) after_.insert(index);
  }

  void check_delete(const PlannedChange& change, const Address& address) {
    const int index = *address.index;
    const bool by_count = change.reason == "delete_because_count_index" ||
                          (address.index_in_module && change.reason == "delete_because_no_module");
    if (broken(Rule::delete_by_count, !by_count))
      return refuse(change, change.reason.empty() ? "no reason given" : change.reason);
    if (broken(Rule::delete_above, index < input_.target)) return refuse(change, "index below the target");
    if (broken(Rule::delete_healthy, hole_ || dead_))
      return refuse_unhealthy(change, "an instance with a lower index is gone");
    const bool there = present_[address.base].contains(index) && present_[input_.resource].contains(index);
    if (broken(Rule::delete_present, !there)) return refuse(change, "not in the state");
    if (address.base == input_.resource) after_.erase(index);
  }

  void check_replace(const PlannedChange& change, const Address& address) {
    const int index = *address.index;
    if (broken(Rule::create_below, index >= input_.target)) return refuse(change, "index not below the target");
    if (broken(Rule::delete_present, !present_[address.base].contains(index)))
      return refuse(change, "not in the state");
    if (broken(Rule::taint_ours, !input_.half_made.contains(index)))
      return refuse_unhealthy(change, "tainted: an earlier creation did not finish, and it was none of ours");
    if (broken(Rule::taint_up, going_down_))
      return refuse_unhealthy(change, "tainted below the count while scaling down");
    creates_.insert(index);
    healed_.push_back(change.address);
  }

  void check_follower(const PlannedChange& change, const Address& address) {
    const int index = *address.index;
    if (broken(Rule::replace_follows, !renewed_.contains(index))) return refuse(change, change.reason);
    if (broken(Rule::create_below, index >= input_.target)) return refuse(change, "index not below the target");
    if (broken(Rule::delete_present, !present_[address.base].contains(index)))
      return refuse(change, "not in the state");
    if (broken(Rule::create_up, going_down_))
      return refuse_unhealthy(change, "its instance is missing below the count while scaling down");
    creates_.insert(index);
    healed_.push_back(change.address);
  }

  void check_totals() {
    if (!plan_.plan_summary) return;
    const auto count = [&](const char* action) {
      const auto found = named_.find(action);
      return found == named_.end() ? std::int64_t{0} : static_cast<std::int64_t>(found->second.size());
    };
    const ChangeSummary& summary = *plan_.plan_summary;
    const bool equal = summary.add == count("create") + count("replace") && summary.change == count("update") &&
                       summary.remove == count("delete") + count("replace") && !summary.unknown_counts &&
                       summary.import == count("import") && summary.forget <= count("forget") + count("remove");
    if (broken(Rule::totals, !equal)) refuse("the plan's totals differ from the changes it lists");
  }

  // Whether the plan ends at the target. It doesn't when the variable has no effect on the counted resource.
  void check_end() {
    if (!refused_.empty()) return;
    // Without anything to apply the state would go on holding what is gone.
    if (broken(Rule::dead_recorded, dead_ && !changes_ && !plan_.outputs_change))
      return refuse_unhealthy("the state still holds what is gone, and the plan has nothing to apply");
    const auto target = static_cast<std::size_t>(input_.target);
    const bool there = after_.size() == target && (target == 0 || *after_.rbegin() == input_.target - 1);
    if (broken(Rule::ends_at_target, !there))
      refuse("the plan would leave " + std::to_string(after_.size()) + " of " + input_.resource + ", not " +
             std::to_string(input_.target) + ": does the variable set its count?");
  }

  void refuse(std::string line) {
    all_unhealthy_ = false;
    refused_.push_back(std::move(line));
  }
  void refuse(const PlannedChange& change, std::string_view why) {
    refuse(change.action + " " + change.address + (why.empty() ? "" : " (" + std::string(why) + ")"));
  }
  void refuse_unhealthy(std::string line) { refused_.push_back(std::move(line)); }
  void refuse_unhealthy(const PlannedChange& change, std::string_view why) {
    refused_.push_back(change.action + " " + change.address + " (" + std::string(why) + ")");
  }

  Verdict finish() {
    Verdict verdict;
    if (refused_.empty() && rule_on(Rule::update_details)) {
      for (const std::string& address : updates_) refuse("update " + address + " (what it changes was not looked at)");
      verdict.updates = updates_;
    }
    verdict.passed = refused_.empty();
    verdict.nothing_to_do = verdict.passed && !changes_ && !plan_.outputs_change;
    if (!verdict.passed) {
      for (const std::string& address : gone_) refused_.push_back(address + " was deleted outside Terraform");
      verdict.reason = all_unhealthy_ ? reason::kUnhealthyStack : reason::kPlanRefused;
    } else {
      std::sort(healed_.begin(), healed_.end(), address_before);
      verdict.healed = std::move(healed_);
    }
    verdict.creates = std::move(creates_);
    verdict.summary = summary();
    verdict.refused = std::move(refused_);
    return verdict;
  }

  [[nodiscard]] std::string summary() const {
    constexpr std::size_t kMaxNamed = 10;
    std::string text;
    for (auto [action, addresses] : named_) {
      // Terraform lists them in the order of its graph walk, which differs from run to run.
      std::sort(addresses.begin(), addresses.end(), address_before);
      text += (text.empty() ? "" : "; ") + action + " ";
      for (std::size_t i = 0; i < addresses.size() && i < kMaxNamed; ++i) {
        text += (i == 0 ? "" : ", ") + one_line(addresses[i], 200);
      }
      if (addresses.size() > kMaxNamed) text += " and " + std::to_string(addresses.size() - kMaxNamed) + " more";
    }
    if (plan_.outputs_change) text += std::string(text.empty() ? "" : "; ") + "update outputs";
    return text.empty() ? "no changes" : text;
  }

  const PlanStream& plan_;
  const GuardInput& input_;
  std::map<std::string, std::set<int>> present_;  // by base address; the counted resource's is S
  std::set<int> after_;                           // S with what passes applied
  bool going_down_ = false;
  bool hole_ = false;
  bool dead_ = false;  // an instance of the counted resource is gone
  bool changes_ = false;
  bool all_unhealthy_ = true;
  std::set<int> renewed_;
  std::vector<std::string> gone_;
  std::set<std::string> seen_;
  std::map<std::string, std::vector<std::string>> named_;  // by action
  std::vector<std::string> updates_;
  std::vector<std::string> healed_;
  std::set<int> creates_;
  std::vector<std::string> refused_;
};

}  // namespace

Verdict judge(const PlanStream& plan, const GuardInput& input) {
  return Guard(plan, input).judge();
}

}  // namespace stackscaler::terraform
