// SPDX-License-Identifier: Apache-2.0
//
// The past that a forecast learns from: range queries of a policy's metrics, made into needs of instances.
//
// A preset brings how many instances reported along, a PerInstance target and `desired` need no count; for a policy
// with any other metric nobody can tell the past (not_found). Minutes in which a metric is missing are left out.
// Threads: the loop's. The source must outlive what is returned.
#pragma once

#include "advisor/forecast_advisor.hpp"
#include "metrics/endpoint.hpp"
#include "metrics/prometheus_source.hpp"

namespace stackscaler::controller {

[[nodiscard]] advisor::PastNeeds past_needs(metrics::PrometheusSource& source, metrics::Endpoint process);

}  // namespace stackscaler::controller
