// SPDX-License-Identifier: Apache-2.0
#include "metrics/endpoint.hpp"

namespace stackscaler::metrics {

namespace {

// What the source says replaces what is there; bearer and basic replace one another.
void lay_over(const policy::Source& source, Endpoint& out) {
  if (!source.tenant.empty()) out.tenant = source.tenant;
  if (!source.bearer_file.empty() || !source.basic_user.empty()) {
    out.bearer_file = source.bearer_file;
    out.basic_user = source.basic_user;
    out.basic_password_file = source.basic_password_file;
  }
  http::TlsOptions tls;
  tls.ca_file = source.ca_file;
  tls.certificate_file = source.certificate_file;
  tls.key_file = source.key_file;
  tls.server_name = source.server_name;
  if (tls != http::TlsOptions()) out.tls = std::make_shared<const http::TlsOptions>(std::move(tls));
}

}  // namespace

Endpoint::Endpoint(http::Url url) : base(std::move(url)) {
  while (base.path.ends_with('/')) base.path.pop_back();
}

std::string Endpoint::api() const {
  return base.path + (loki() ? "/loki/api/v1/" : "/api/v1/");
}

std::string Endpoint::identity() const {
  const http::TlsOptions none;
  const http::TlsOptions& t = tls ? *tls : none;
  std::string out = base.display() + "?" + base.query;
  const std::string kind(loki() ? "loki" : "prometheus");
  for (const std::string* part : {&kind, &tenant, &bearer_file, &basic_user, &basic_password_file, &t.ca_file,
                                  &t.certificate_file, &t.key_file, &t.server_name}) {
    out.append(1, '\x1f').append(*part);  // no part may hold this character
  }
  return out;
}

Result<Endpoint> make_endpoint(const policy::Source& source) {
  auto url = http::parse_url(source.url);
  if (!url) return fail(std::move(url).error());
  Endpoint out(std::move(*url));
  out.type = source.type;
  lay_over(source, out);
  return out;
}

Result<Endpoint> endpoint_of(const policy::Metric& metric, const Endpoint& process) {
  if (!metric.source) return process;
  if (!metric.source->url.empty()) return make_endpoint(*metric.source);
  Endpoint out = process;
  lay_over(*metric.source, out);
  return out;
}

}  // namespace stackscaler::metrics
