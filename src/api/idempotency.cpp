// SPDX-License-Identifier: Apache-2.0
#include "api/idempotency.hpp"

#include "api/problem.hpp"

namespace stackscaler::api {

void Idempotency::erase(std::map<std::string, Entry>::iterator entry) {
  ages_.erase(entry->second.age);
  entries_.erase(entry);
}

std::optional<http::Response> Idempotency::begin(const std::string& key, const std::string& request, SteadyTime now) {
  while (!ages_.empty()) {
    const auto oldest = entries_.find(ages_.front());
    if (entries_.size() < kKeys && now - oldest->second.at < kLasts) break;
    erase(oldest);
  }
  const auto [found, fresh] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (fresh) {
    entry.request = request;
    entry.at = now;
    entry.age = ages_.insert(ages_.end(), key);
    return std::nullopt;
  }
  if (entry.request != request) {
    return problem(Kind::idempotency_mismatch, "this Idempotency-Key came with another request before",
                   "use a new key for each thing that you want done");
  }
  if (!entry.answer) {
    auto out = problem(Kind::conflict, "the first request with this Idempotency-Key is still being answered",
                       "wait for its answer, or ask again later");
    out.headers.add("Retry-After", "1");
    return out;
  }
  http::Response again = *entry.answer;
  again.headers.add("Idempotency-Replayed", "true");
  return again;
}

void Idempotency::finish(const std::string& key, const http::Response& answer) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.answer = answer;
}

void Idempotency::forget(const std::string& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) erase(found);
}

}  // namespace stackscaler::api
