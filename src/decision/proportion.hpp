// SPDX-License-Identifier: Apache-2.0
//
// The count that a target asks for: the HorizontalPodAutoscaler's arithmetic.
//
// The ratio of value and target, within the tolerance (edges included) no change, else rounded up. Values and targets
// are in one unit; targets are above 0. Results are capped at 2^31 - 1 and are at least 0.
// Source: kubernetes.io, "Horizontal Pod Autoscaling", algorithm details. Pure; any thread.
#pragma once

namespace stackscaler::decision {

struct Tolerance {
  double up = 0.1;
  double down = 0.1;
};

[[nodiscard]] bool within(double ratio, const Tolerance& tolerance);

// A value of the whole stack, or an average over its instances: ceil(ratio x ready). With no instance: ceil(ratio).
// `ready`: how many of the `current` instances the value speaks of.
[[nodiscard]] int count_by_ratio(double value, double target, int current, int ready, const Tolerance& tolerance);

// A value of the whole stack against a target for each instance: ceil(value / target).
[[nodiscard]] int count_by_instance(double value, double target, int current, const Tolerance& tolerance);

}  // namespace stackscaler::decision
