// SPDX-License-Identifier: Apache-2.0
#include "terraform/guard.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "policy/reasons.hpp"
#include "terraform/address.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

// By resource, then by index as a number: app[2] before app[10].
bool before(const std::string& left, const std::string& right) {
  const auto a = parse_address(left);
  const auto b = parse_address(right);
  if (!a || !b) return !a && (b || left < right);
  return std::pair(a->base, a->index.value_or(-1)) < std::pair(b->base, b->index.value_or(-1));
}

// One judgement in progress. Each rule either lets a change pass or adds a line to `refused`.
class Guard {
 public:
  Guard(const PlanStream& plan, const GuardInput& input) : plan_(plan), input_(input) {
    for (const int index : input.indexes) present_.insert(index);
    read_drift();
    going_down_ = !present_.empty() && *present_.rbegin() >= input.target;
    after_.insert(present_.begin(), present_.end());
  }

  Verdict judge() {
    check_stream();
    if (!sound()) return finish();
    for (const PlannedChange& change : plan_.changes) check(change);
    check_totals();
    check_end();
    return finish();
  }

 private:
  // What died outside Terraform shows as drift: those indexes are not in the refreshed state.
  void read_drift() {
    for (const PlannedChange& drift : plan_.drift) {
      if (drift.action != "delete") continue;
      const auto address = parse_address(drift.address);
      if (!address || address->base != input_.resource || !address->index) continue;
      if (present_.erase(*address->index) != 0) dead_.push_back(drift.address);
    }
  }

  void check_stream() {
    if (const Diagnostic* error = plan_.first_error())
      refuse("the plan has an error: " + one_line(error->summary, 200));
    if (plan_.truncated) refuse("the plan is too large to be checked");
    if (plan_.malformed != 0 || plan_.torn) refuse("the plan has lines that can't be read");
    if (!plan_.plan_summary) refuse("the plan has no summary of its changes");
  }
  [[nodiscard]] bool sound() const { return refused_.empty(); }

  void check(const PlannedChange& change) {
    if (change.action == "read" || change.action == "noop" || change.action == "no-op") return;
    changes_ = true;
    named_[change.action].push_back(change.address);
    if (!seen_.insert(change.address).second) return refuse(change, "a second change of the same address");
    if (!change.previous_address.empty()) return refuse(change, "moved from " + change.previous_address);
    if (change.importing) return refuse(change, "imports");
    const auto address = parse_address(change.address);
    if (!address) return refuse(change, "not an address that is understood");
    const bool counted = address->base == input_.resource;
    const bool dependent = !counted && std::find(input_.dependents.begin(), input_.dependents.end(), address->base) !=
                                           input_.dependents.end();
    if (!counted && !dependent) return refuse(change, change.reason);
    if (!address->index) return refuse(change, "no single count index");
    if (dependent && holds_data(address->type) && !input_.allow_data_loss) {
      return refuse(change, "holds data; needs allowDataLoss: true");
    }
    if (change.action == "create") return check_create(change, *address->index, counted);
    if (change.action == "delete") return check_delete(change, *address, counted);
    if (change.action == "replace" && change.reason == "tainted") {
      return refuse_unhealthy(change, "tainted: an earlier creation did not finish");
    }
    refuse(change, change.reason);
  }

  void check_create(const PlannedChange& change, int index, bool counted) {
    if (index >= input_.target) return refuse(change, "index not below the target");
    if (present_.contains(index)) return refuse(change, "exists already");
    if (going_down_) return refuse_unhealthy(change, "missing below the count while scaling down");
    if (counted) after_.insert(index);
  }

  void check_delete(const PlannedChange& change, const Address& address, bool counted) {
    const int index = *address.index;
    const bool by_count = change.reason == "delete_because_count_index" ||
                          (address.index_in_module && change.reason == "delete_because_no_module");
    if (!by_count) return refuse(change, change.reason.empty() ? "no reason given" : change.reason);
    if (index < input_.target) return refuse(change, "index below the target");
    if (!present_.contains(index)) return refuse(change, "not in the state");
    if (has_hole() || !dead_.empty()) return refuse_unhealthy(change, "an instance with a lower index is gone");
    if (counted) after_.erase(index);
  }

  [[nodiscard]] bool has_hole() const {
    return !present_.empty() && *present_.rbegin() + 1 != static_cast<int>(present_.size());
  }

  void check_totals() {
    const auto count = [&](std::string_view action) {
      const auto found = named_.find(std::string(action));
      return found == named_.end() ? std::int64_t{0} : static_cast<std::int64_t>(found->second.size());
    };
    const ChangeSummary& summary = *plan_.plan_summary;
    const bool equal = summary.add == count("create") + count("replace") && summary.change == count("update") &&
                       summary.remove == count("delete") + count("replace") && !summary.unknown_counts &&
                       summary.forget <= count("forget") + count("remove");
    if (!equal) refuse("the plan's totals differ from the changes it lists");
    if (summary.import != 0) refuse("the plan imports " + std::to_string(summary.import) + " resource(s)");
    const auto deleted = present_.size() - std::min(present_.size(), after_.size());
    const auto from = static_cast<std::int64_t>(input_.indexes.size());
    if (static_cast<std::int64_t>(deleted) > std::max<std::int64_t>(0, from - input_.target)) {
      refuse("the plan deletes " + std::to_string(deleted) + " instances, more than " + std::to_string(from) + " -> " +
             std::to_string(input_.target) + " explains");
    }
  }

  // Whether the plan ends at the target. It doesn't when the variable has no effect on the counted resource.
  void check_end() {
    if (!refused_.empty()) return;
    // Without a change there is no apply, and the state would go on holding what is gone.
    if (!changes_ && !dead_.empty()) {
      return refuse_unhealthy("the state still holds what is gone, and the plan has nothing to apply");
    }
    const auto target = static_cast<std::size_t>(input_.target);
    if (after_.size() == target && (target == 0 || *after_.rbegin() == input_.target - 1)) return;
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
    verdict.passed = refused_.empty();
    verdict.nothing_to_do = verdict.passed && !changes_ && !plan_.outputs_change;
    if (!refused_.empty()) {
      for (const std::string& address : dead_) refused_.push_back(address + " was deleted outside Terraform");
      verdict.reason = all_unhealthy_ ? reason::kUnhealthyStack : reason::kPlanRefused;
    }
    verdict.summary = summary();
    verdict.refused = std::move(refused_);
    return verdict;
  }

  [[nodiscard]] std::string summary() const {
    constexpr std::size_t kMaxNamed = 10;
    std::string text;
    for (auto [action, addresses] : named_) {
      // Terraform lists them in the order of its graph walk, which differs from run to run.
      std::sort(addresses.begin(), addresses.end(), before);
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
  std::set<int> present_;  // S
  std::set<int> after_;    // S with what passes applied
  bool going_down_ = false;
  bool changes_ = false;
  bool all_unhealthy_ = true;
  std::vector<std::string> dead_;
  std::set<std::string> seen_;
  std::map<std::string, std::vector<std::string>> named_;  // by action
  std::vector<std::string> refused_;
};

}  // namespace

Verdict judge(const PlanStream& plan, const GuardInput& input) {
  return Guard(plan, input).judge();
}

bool holds_data(const std::string& type) {
  constexpr std::array<std::string_view, 24> kWords{
      "_db_",     "_rds_",   "database", "_volume_",    "_disk_",    "_bucket_",  "_efs_",      "_fsx_",
      "dynamodb", "_sql_",   "_storage", "elasticache", "_redis",    "_snapshot", "opensearch", "bigtable",
      "bigquery", "spanner", "docdb",    "neptune",     "filestore", "cosmosdb",  "memorydb",   "redshift"};
  // Joining a disk to a machine holds nothing itself.
  if (type.ends_with("_attachment") || type.ends_with("_association")) return false;
  const std::string padded = type + "_";
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return padded.find(word) != std::string::npos; });
}

}  // namespace stackscaler::terraform
