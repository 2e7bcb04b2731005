// SPDX-License-Identifier: Apache-2.0
//
// Access: who may ask, and who may change something.
//
// Reading needs no token; changing needs the one that is configured, and without one nothing can be changed. The Host
// must be an address, localhost or a name that was allowed: a page of another site that rebinds its name to this
// address has another. A browser's Origin must be this host's own. Changes are limited per client, wrong tokens
// included. Sources: RFC 6750, RFC 9110 section 7.2, fetch.spec.whatwg.org (Origin, Sec-Fetch-Site).
// Threads: the loop's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

namespace stackscaler::api {

struct AccessSettings {
  Secret token;                    // empty: nothing can be changed
  std::vector<std::string> hosts;  // names beside addresses and localhost, in lower case
  int changes_per_minute = 60;     // of one client; 0: no limit
};

// Equal, in a time that depends on the lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right);

class Access {
 public:
  static constexpr std::size_t kClients = 4096;  // remembered; the one that has been silent for longest goes

  explicit Access(AccessSettings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] bool has_token() const { return !settings_.token.empty(); }
  // Nothing: a header without a token. False: a wrong one.
  [[nodiscard]] std::optional<bool> token_in(const http::IncomingRequest& request) const;

  // The refusal, or nothing.
  [[nodiscard]] std::optional<http::Response> check_host(const http::IncomingRequest& request) const;
  // For calls that change something: origin, rate, token.
  [[nodiscard]] std::optional<http::Response> check_change(const http::IncomingRequest& request, SteadyTime now);

 private:
  struct Bucket {
    double tokens = 0;
    SteadyTime at{};
  };
  [[nodiscard]] std::optional<http::Response> check_origin(const http::IncomingRequest& request) const;
  [[nodiscard]] std::optional<http::Response> check_rate(const std::string& peer, SteadyTime now);

  AccessSettings settings_;
  std::map<std::string, Bucket> clients_;
};

}  // namespace stackscaler::api
