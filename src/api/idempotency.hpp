// SPDX-License-Identifier: Apache-2.0
//
// Idempotency: the first answer to an Idempotency-Key, given again to the same request, for a day.
//
// Bounded: beyond kKeys the oldest goes. Lost at a restart; the operation itself is in the journal. A request under way
// has its key too: the same again meanwhile gets 409. Source: draft-ietf-httpapi-idempotency-key-header.
// Threads: the loop's.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "http/message.hpp"

namespace stackscaler::api {

class Idempotency {
 public:
  static constexpr std::size_t kKeys = 1000;
  static constexpr Duration kLasts = std::chrono::hours(24);

  // The answer to give instead of doing it, or nothing: then the caller does it, and calls finish() or forget().
  [[nodiscard]] std::optional<http::Response> begin(const std::string& key, const std::string& request, SteadyTime now);
  void finish(const std::string& key, const http::Response& answer);
  // It came to nothing that would have to be kept.
  void forget(const std::string& key);

 private:
  struct Entry {
    std::string request;  // digest of method, path and body
    SteadyTime at{};
    std::optional<http::Response> answer;
    std::list<std::string>::iterator age;
  };
  void erase(std::map<std::string, Entry>::iterator entry);

  std::map<std::string, Entry> entries_;
  std::list<std::string> ages_;  // oldest first
};

}  // namespace stackscaler::api
