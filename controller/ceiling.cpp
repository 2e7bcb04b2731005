// SPDX-License-Identifier: Apache-2.0
#include "controller/ceiling.hpp"

#include <utility>

namespace stackscaler::controller {

bool cut_to_ceiling(policy::Spec& spec, int ceiling) {
  bool cut = false;
  const auto limit = [&](int& count) {
    if (count <= ceiling) return;
    count = ceiling;
    cut = true;
  };
  limit(spec.bounds.min);
  limit(spec.bounds.max);
  for (policy::Schedule& schedule : spec.schedules) {
    if (schedule.min) limit(*schedule.min);
    if (schedule.max) limit(*schedule.max);
  }
  if (spec.on_missing_instances) limit(*spec.on_missing_instances);
  return cut;
}

void Ceiling::upsert(std::shared_ptr<const policy::ScalingPolicy> policy) {
  if (!ceiling_) return next_.upsert(std::move(policy));
  auto copy = std::make_shared<policy::ScalingPolicy>(*policy);
  if (!cut_to_ceiling(copy->spec, *ceiling_)) return next_.upsert(std::move(policy));
  std::string& said = said_[copy->key];
  if (said != copy->spec_digest) {
    said = copy->spec_digest;
    logger_.warn("a policy asks for more than --max-instances-ceiling; the ceiling holds",
                 kv("policy", copy->key.str()), kv("ceiling", *ceiling_), kv("max", policy->spec.bounds.max));
  }
  next_.upsert(std::move(copy));
}

void Ceiling::remove(const policy::PolicyKey& key) {
  said_.erase(key);
  next_.remove(key);
}

}  // namespace stackscaler::controller
