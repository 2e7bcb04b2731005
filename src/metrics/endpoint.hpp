// SPDX-License-Identifier: Apache-2.0
//
// Endpoint: a server that answers metric queries, and how to be let in.
//
// What it is: a plain value, of the process's options or of a metric's `source`. Secrets are not in it: only the files
// that hold them, which are read at every use. What a policy leaves out comes from the process's endpoint only when the
// policy names no URL of its own: a credential never goes to a server that it was not meant for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "http/tls.hpp"
#include "http/url.hpp"
#include "policy/types.hpp"

namespace stackscaler::metrics {

struct Endpoint {
  // `url` is what stands before /api/v1/query: http://mimir:8080/prometheus. Its path prefix and query are kept.
  Endpoint(http::Url url);  // NOLINT(google-explicit-constructor): a bare URL is an endpoint without credentials

  http::Url base;  // without a slash at the end of the path
  policy::SourceType type = policy::SourceType::prometheus;
  std::string tenant;
  std::string bearer_file;
  std::string basic_user;
  std::string basic_password_file;
  std::shared_ptr<const http::TlsOptions> tls;

  [[nodiscard]] bool loki() const { return type == policy::SourceType::loki; }
  [[nodiscard]] bool has_credentials() const { return !bearer_file.empty() || !basic_user.empty(); }
  // "/prometheus/api/v1/" or "/loki/api/v1/".
  [[nodiscard]] std::string api() const;
  // The same text exactly for equal endpoints.
  [[nodiscard]] std::string identity() const;
};

// Where that metric is asked for. invalid_input: a URL that is none.
[[nodiscard]] Result<Endpoint> endpoint_of(const policy::Metric& metric, const Endpoint& process);

// The endpoint of a source on top of a base URL: also for the process's own options.
[[nodiscard]] Result<Endpoint> make_endpoint(const policy::Source& source);

}  // namespace stackscaler::metrics
