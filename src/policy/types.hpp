// SPDX-License-Identifier: Apache-2.0
//
// ScalingPolicy v1alpha1: the decoded, validated document, with defaults filled in.
//
// What it is: plain data, the same for files and clusters. What it is not: YAML or JSON (policy/parse.hpp reads it,
// policy/status_yaml.hpp writes its status). Field names follow the document's; units are in the types.
// A spec is immutable once parsed and is shared by pointer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "policy/cluster_facts.hpp"
#include "policy/cron.hpp"

namespace stackscaler::policy {

inline constexpr int kMaxInstances = 100'000;  // the schema's upper limit of any count

// A number of instances or a share of the current count: `step: 2`, `maxStep: "25%"`.
struct Step {
  int value = 1;
  bool percent = false;
  bool operator==(const Step&) const = default;
};

// The count that `step` of `current` comes to: at least 1, percentages rounded up.
[[nodiscard]] int step_size(const Step& step, int current);
// The same for a limit on destruction: percentages rounded down, at least 1.
[[nodiscard]] int limit_size(const Step& step, int current);

// spec.stack.allowUpdates: a resource that may be updated in place, and the attributes that may change.
struct AllowedUpdate {
  std::string address;  // of one resource; an index only if it has one
  std::vector<std::string> attributes;
  bool operator==(const AllowedUpdate&) const = default;
};

// A key of a Secret in the policy's namespace; only in a cluster. Whoever takes in a policy from there puts the content
// into a file and names that in the field beside it (cluster/secret_files.hpp).
struct SecretRef {
  std::string name;  // empty: none
  std::string key;
  [[nodiscard]] bool empty() const { return name.empty(); }
  bool operator==(const SecretRef&) const = default;
};

// spec.stack.env: a variable of Terraform's environment. Exactly one of value, file and secret is set.
struct EnvVariable {
  std::string name;
  std::string value;
  std::string file;  // absolute; its content without the final line end, read at every use
  SecretRef secret{};
  bool operator==(const EnvVariable&) const = default;
};

// spec.stack.hooks: exactly one of command and webhook is set.
struct Hook {
  std::vector<std::string> command;  // run in the stack's folder
  std::string webhook;               // an http or https URL that gets a POST
  Duration timeout = std::chrono::minutes(5);
  bool operator==(const Hook&) const = default;
};

// spec.stack. Exactly one of id and path is set.
struct StackRef {
  std::string id;    // <stacks root>/<id>
  std::string path;  // a Terraform root module: absolute here (the parser resolves it against the policy's file)
  std::string variable = "instance_count";
  std::string template_file;            // sized by rendering this template instead of by the variable; "": the variable
  std::string resource;                 // the counted resource's address; empty: found when there is just one
  std::vector<std::string> dependents;  // addresses that may come and go at the same indexes, see terraform/guard.hpp
  std::vector<AllowedUpdate> allow_updates;
  bool allow_data_loss = false;
  std::string workspace = "default";
  std::vector<std::string> var_files;
  std::vector<std::string> backend_config;  // each a file or KEY=VALUE, as `terraform init -backend-config` takes it
  std::vector<EnvVariable> env;
  std::optional<Hook> pre_scale_in;
  std::optional<Hook> post_scale_out;
  bool release_stale_lock = false;  // force-unlock a state lock that the journal proves to be of a dead run of ours
  Duration state_refresh = std::chrono::minutes(5);
  Duration plan_check = std::chrono::hours(6);  // how often a look-only plan keeps PlanSafe fresh
  bool operator==(const StackRef&) const = default;
};

struct Bounds {
  int min = 1;
  int max = 20;
  bool operator==(const Bounds&) const = default;
};

// Above scale_up: step more; below scale_down: step fewer; between: as it is.
struct Threshold {
  double scale_up = 0;
  double scale_down = 0;
  Step step;
  bool operator==(const Threshold&) const = default;
};

// What a metric's value is held against, as the HorizontalPodAutoscaler has it. `value`: the whole of the stack's
// value; `per_instance`: the whole of it divided by the count; `utilization`: a percentage, averaged over the
// instances.
enum class TargetType { value, per_instance, utilization };
struct Target {
  TargetType type = TargetType::value;
  double value = 0;  // above 0
  bool operator==(const Target&) const = default;
};

enum class Preset { none, cpu, memory, instances };

enum class SourceType { prometheus, loki };

// spec.metrics[].source: where a metric is asked for. Files are absolute here and read at every use. At most one of
// bearer and basic is set.
struct Source {
  SourceType type = SourceType::prometheus;
  std::string url;     // what stands before /api/v1/query (loki: /loki/api/v1/query); empty: the process's server
  std::string tenant;  // X-Scope-OrgID; several joined by '|'
  std::string bearer_file;
  SecretRef bearer_secret{};  // instead of the file
  std::string basic_user;
  std::string basic_password_file;
  SecretRef basic_password_secret{};  // instead of the file
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string server_name;
  bool operator==(const Source&) const = default;
};

// spec.metrics[].coverage: the metric counts as missing while `query` gives less than `at_least`, such as the number of
// samples that a range has.
struct Coverage {
  std::string query;
  int at_least = 1;
  bool operator==(const Coverage&) const = default;
};

struct Metric {
  std::string name;
  std::optional<Source> source;  // absent: the process's server
  Preset preset = Preset::none;
  std::string query;      // PromQL (loki: LogQL); empty with a preset that brings its own
  std::string freshness;  // PromQL whose value is the time stamp of the newest sample; empty: unknown, or the preset's
  Duration max_age = std::chrono::minutes(2);
  std::optional<Coverage> coverage;
  // At most one of the three; none only with preset `instances`, which is then only observed.
  std::optional<Threshold> threshold;
  std::optional<Target> target;
  bool desired = false;  // the value is the count
  bool operator==(const Metric&) const = default;
};

// What an advisor may do beside raising the count within the limits. `full`: lower it below what the metrics propose.
enum class Authority { bounded, full };

// Who advises: rules are what the metrics propose; the others are asked beside them.
enum class AdvisorType { rules, forecast, gemini, openai };
[[nodiscard]] std::string_view to_string(AdvisorType type);

// When a model is asked: at every turn, only when the metrics propose a change, or at most once in a while.
enum class Consult { always, on_pressure, every };

// spec.advisor.forecast.
struct Forecast {
  double risk = 0.1;                         // how often the load may exceed what was made ready for it
  std::optional<Duration> look_ahead;        // absent: auto, as long as the stack takes to boot
  Duration history = std::chrono::days(14);  // how far back it learns
  bool operator==(const Forecast&) const = default;
};

struct Advisor {
  AdvisorType type = AdvisorType::rules;
  double confidence_threshold = 0.7;
  Authority authority = Authority::bounded;
  bool apply = true;  // false: the advice is reported beside the decision of the rules
  Consult consult = Consult::always;
  Duration consult_every{};  // with Consult::every
  std::string model;         // "": the type's default
  std::string base_url;      // "": the type's default
  std::string key_env;   // at most one of key_env, key_file and key_secret is set; none: the type's default variable
  std::string key_file;  // absolute, read at every use
  SecretRef key_secret{};
  Duration timeout = std::chrono::seconds(10);
  AdvisorType fallback = AdvisorType::rules;  // rules or forecast
  Forecast forecast;
  bool operator==(const Advisor&) const = default;
};

// One of behavior.<direction>.policies: at most this much change within a period.
struct RatePolicy {
  int value = 1;
  bool percent = false;  // of the count at the period's begin
  Duration period{};
  bool operator==(const RatePolicy&) const = default;
};
// Which of several rate policies holds: the one that allows the largest change, the smallest, or no change at all.
enum class SelectPolicy { max, min, disabled };

struct ScaleRules {
  Duration cooldown{};
  Step max_step;
  double tolerance = 0.1;  // of targets: a ratio of value and target that near to 1 changes nothing
  Duration stabilization_window{};
  SelectPolicy select_policy = SelectPolicy::max;
  std::vector<RatePolicy> policies{};  // empty: no limit of this kind
  bool operator==(const ScaleRules&) const = default;
};

// How a count above bounds.max comes down: as any scale-down, or at once and without metrics.
enum class EnforceMax { gradual, immediate };

// behavior.warmup: auto, until a boot time has been measured.
inline constexpr Duration kDefaultWarmup = std::chrono::minutes(3);

struct Behavior {
  ScaleRules scale_up{std::chrono::minutes(1), Step{10, false}};
  ScaleRules scale_down{std::chrono::minutes(5), Step{25, true}, 0.1, std::chrono::minutes(5)};
  EnforceMax enforce_max = EnforceMax::gradual;
  std::optional<Duration> warmup;  // absent: auto
  // `measured`: how long the stack's instances usually take until they report, where that is known.
  [[nodiscard]] Duration warmup_or(std::optional<Duration> measured) const {
    return warmup ? *warmup : measured.value_or(kDefaultWarmup);
  }
  bool operator==(const Behavior&) const = default;
};

// A window of time, again and again, in which other bounds hold, or nothing scales in, or the policy is suspended.
struct Schedule {
  std::string name;
  Cron start;
  Duration duration{};  // from each start, in elapsed time
  std::string time_zone = "UTC";
  std::optional<int> min;  // instead of bounds.min
  std::optional<int> max;
  bool freeze = false;   // nothing scales in
  bool suspend = false;  // as spec.suspend
  bool operator==(const Schedule&) const = default;
};

struct Spec {
  StackRef stack;
  Bounds bounds;
  Duration interval = std::chrono::minutes(5);
  std::vector<Metric> metrics;
  Advisor advisor;
  Behavior behavior;
  std::vector<Schedule> schedules;          // where several are active at once, the later one's bounds hold
  std::optional<int> on_missing_instances;  // all metrics missing: at least this many; absent: hold
  bool dry_run = false;
  bool suspend = false;
  bool operator==(const Spec&) const = default;
};

// What names a policy to the program: unique within one source.
struct PolicyKey {
  std::string namespace_ = "default";
  std::string name;
  auto operator<=>(const PolicyKey&) const = default;
  [[nodiscard]] std::string str() const { return namespace_ + "/" + name; }
};

struct ScalingPolicy {
  PolicyKey key;
  Spec spec;
  std::string spec_digest;                // SHA-256 of the canonical spec; comments, order and quoting don't change it
  std::string origin;                     // "policies/web.yaml" (and "#2" for the second document), for messages
  std::optional<ClusterFacts> cluster{};  // only of a custom resource
  // The value of the label `stack` in the presets' queries: the stack's id, else the policy's name.
  [[nodiscard]] const std::string& stack_label() const { return spec.stack.id.empty() ? key.name : spec.stack.id; }
};

// The environment's defaults for what a policy leaves out (AUTO_SCALING_*, SCALE_*).
struct Defaults {
  Bounds bounds;
  Duration interval = std::chrono::minutes(5);
  double confidence_threshold = 0.7;
};

}  // namespace stackscaler::policy
