// SPDX-License-Identifier: Apache-2.0
//
// Every machine-readable reason that the program says, in one place. docs/reference/reasons.md is checked against
// this file. Words are the HorizontalPodAutoscaler's where it has one for the thing.
#pragma once

#include <string_view>

namespace stackscaler::policy::reason {

// clang-format off
// Decisions
inline constexpr std::string_view kDesiredWithinRange = "DesiredWithinRange";  // the count fits the metrics
inline constexpr std::string_view kAboveThreshold     = "AboveThreshold";      // a metric is above its scaleUp
inline constexpr std::string_view kBelowThreshold     = "BelowThreshold";      // all metrics are below their scaleDown
inline constexpr std::string_view kAboveTarget        = "AboveTarget";         // a metric is above its target
inline constexpr std::string_view kBelowTarget        = "BelowTarget";         // all metrics are below their target
inline constexpr std::string_view kDesiredByMetric    = "DesiredByMetric";     // a metric whose value is the count
inline constexpr std::string_view kFallbackInstances  = "FallbackInstances";   // onMissingMetrics: all are missing
inline constexpr std::string_view kWarmingUp          = "WarmingUp";           // more is wanted, and what was just created is it
inline constexpr std::string_view kMetricVeto         = "MetricVeto";          // no way down while a metric is above its limit
inline constexpr std::string_view kScaleUpStabilized  = "ScaleUpStabilized";   // held by scaleUp.stabilizationWindow
inline constexpr std::string_view kScaleDownStabilized = "ScaleDownStabilized"; // held by scaleDown.stabilizationWindow
inline constexpr std::string_view kScaleDownFrozen    = "ScaleDownFrozen";     // a schedule with freeze: true is active
inline constexpr std::string_view kTooFewInstances    = "TooFewInstances";     // below bounds.min, or held at it
inline constexpr std::string_view kTooManyInstances   = "TooManyInstances";    // above bounds.max, or held at it
inline constexpr std::string_view kScaleUpLimit       = "ScaleUpLimit";        // cut to behavior.scaleUp.maxStep or policies
inline constexpr std::string_view kScaleDownLimit     = "ScaleDownLimit";      // cut to behavior.scaleDown.maxStep or policies
inline constexpr std::string_view kScaleUpCooldown    = "ScaleUpCooldown";     // held by behavior.scaleUp.cooldown
inline constexpr std::string_view kScaleDownCooldown  = "ScaleDownCooldown";   // held by behavior.scaleDown.cooldown
inline constexpr std::string_view kLowConfidence      = "LowConfidence";       // below advisor.confidenceThreshold
inline constexpr std::string_view kAdvised            = "Advised";             // what a model advises
inline constexpr std::string_view kAdviceBounded      = "AdviceBounded";       // advisor.authority: not below what the metrics propose
inline constexpr std::string_view kMetricsMissing     = "MetricsMissing";      // a metric is missing: no scale-down
inline constexpr std::string_view kInstancesMissing   = "InstancesMissing";    // fewer report than the state knows
inline constexpr std::string_view kForecast           = "Forecast";            // the forecast asks for more, or keeps what is there

inline constexpr std::string_view kManual             = "Manual";              // asked for by a person
inline constexpr std::string_view kManualForced       = "ManualForced";        // the same, with --force

// Stack and Terraform
inline constexpr std::string_view kStackNotAdopted     = "StackNotAdopted";
inline constexpr std::string_view kStackAlreadyManaged = "StackAlreadyManaged";
inline constexpr std::string_view kStateChanged        = "StateChanged";       // law 12
inline constexpr std::string_view kCountChanged        = "CountChanged";       // between the decision and the plan
inline constexpr std::string_view kCountChangedOutside = "CountChangedOutside"; // by a person or a pipeline
inline constexpr std::string_view kDecisionExpired     = "DecisionExpired";    // it waited too long for its place
inline constexpr std::string_view kPolicyChanged       = "PolicyChanged";      // edited or removed while it was decided
inline constexpr std::string_view kRecovering          = "Recovering";         // an operation of before a crash is open
inline constexpr std::string_view kStateUnreadable     = "StateUnreadable";
inline constexpr std::string_view kStateLocked         = "StateLocked";
inline constexpr std::string_view kPlanRefused         = "PlanRefused";
inline constexpr std::string_view kUnhealthyStack      = "UnhealthyStack";
inline constexpr std::string_view kHealed              = "Healed";             // a half-made instance of ours was replaced
inline constexpr std::string_view kPossibleOrphans     = "PossibleOrphans";    // may exist without being in the state
inline constexpr std::string_view kPlanFailed          = "PlanFailed";
inline constexpr std::string_view kApplyFailed         = "ApplyFailed";
inline constexpr std::string_view kApplyOverdue        = "ApplyOverdue";       // law 13: reported, not signalled
inline constexpr std::string_view kApplyInterrupted    = "ApplyInterrupted";   // found dead after a restart
inline constexpr std::string_view kInitFailed          = "InitFailed";
inline constexpr std::string_view kInitNeeded          = "InitNeeded";
inline constexpr std::string_view kTerraformMissing    = "TerraformMissing";
inline constexpr std::string_view kTerraformVersion    = "TerraformVersion";   // newer than tested: plans only
inline constexpr std::string_view kConfigInvalid       = "ConfigInvalid";      // the configuration or a variable is wrong
inline constexpr std::string_view kCredentialsInvalid  = "CredentialsInvalid"; // the provider refuses who we are
inline constexpr std::string_view kQuotaExceeded       = "QuotaExceeded";      // the provider has no room for more
inline constexpr std::string_view kProviderCrashed     = "ProviderCrashed";
inline constexpr std::string_view kNetworkError        = "NetworkError";
inline constexpr std::string_view kEnvNotAllowed       = "EnvNotAllowed";      // spec.stack.env names what the operator does not allow
inline constexpr std::string_view kHookFailed          = "HookFailed";
inline constexpr std::string_view kWaitingForSlot      = "WaitingForSlot";     // other Terraform runs come first
inline constexpr std::string_view kFleetLimit          = "FleetLimit";         // too many instances went in the last hour
inline constexpr std::string_view kFleetShrinking      = "FleetShrinking";     // many stacks want to shrink at once
inline constexpr std::string_view kStackExists         = "StackExists";        // deploy: there is a stack or a state already
inline constexpr std::string_view kConfigurationEdited = "ConfigurationEdited";  // main.tf is not the template's
inline constexpr std::string_view kTemplateInvalid     = "TemplateInvalid";
inline constexpr std::string_view kStackOutsideRoot    = "StackOutsideRoot";   // in a cluster: its folder is not under its namespace's
inline constexpr std::string_view kSecretUnavailable   = "SecretUnavailable";  // a secretRef's Secret can't be read
inline constexpr std::string_view kBackendNotLocking   = "BackendNotLocking";  // with leader election the state must have a lock
inline constexpr std::string_view kStackBusy           = "StackBusy";          // another Stackscaler holds the lock file
inline constexpr std::string_view kPlanSafe            = "PlanSafe";
inline constexpr std::string_view kPlanUnknown         = "PlanUnknown";        // no plan was made yet

// Gate
inline constexpr std::string_view kNotEnabled = "NotEnabled";
inline constexpr std::string_view kDryRun     = "DryRun";
inline constexpr std::string_view kSuspended  = "Suspended";
inline constexpr std::string_view kPaused     = "Paused";  // the emergency stop: stackscaler pause
inline constexpr std::string_view kStopping   = "Stopping";
inline constexpr std::string_view kStandby    = "Standby";     // another replica leads
inline constexpr std::string_view kNotGranted = "NotGranted";  // the operator's list does not have what the policy uses
inline constexpr std::string_view kJournalUnavailable = "JournalUnavailable";

// Conditions
inline constexpr std::string_view kReady              = "Ready";
inline constexpr std::string_view kScaling            = "Scaling";
inline constexpr std::string_view kSettled            = "Settled";
inline constexpr std::string_view kAllMetricsFresh    = "AllMetricsFresh";
inline constexpr std::string_view kFreshnessUnknown   = "FreshnessUnknown";
inline constexpr std::string_view kMetricsUnavailable = "MetricsUnavailable";
inline constexpr std::string_view kAdvisorReady       = "AdvisorReady";
inline constexpr std::string_view kAdvisorNotAsked    = "AdvisorNotAsked";       // not yet: advisor.consult
inline constexpr std::string_view kAdvisorNotConfigured = "AdvisorNotConfigured"; // no key
inline constexpr std::string_view kAdvisorUnreachable = "AdvisorUnreachable";    // no answer in time, or a server's fault
inline constexpr std::string_view kAdvisorRefused     = "AdvisorRefused";        // the key or the request is refused
inline constexpr std::string_view kAdvisorThrottled   = "AdvisorThrottled";      // too many requests
inline constexpr std::string_view kAdviceInvalid      = "AdviceInvalid";         // the answer is no advice
inline constexpr std::string_view kInvalidSpec        = "InvalidSpec";
inline constexpr std::string_view kRehearsal          = "Rehearsal";
// clang-format on

}  // namespace stackscaler::policy::reason
