// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>

#include "policy/detail/decode.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

// A secret written into the policy is refused without being repeated.
void refuse_inline(Fields& f, std::string_view name, std::string_view instead) {
  if (const Node* node = f.get(name)) {
    f.problem(node->at, name,
              fmt::format("must not stand in a policy; put it into a file and name that in {}", instead));
  }
}

void read_type(Fields& f, SourceType& out) {
  std::string type;
  const Found at = read_string(f, "type", "prometheus or loki", type);
  if (!at) return;
  if (type == "loki") {
    out = SourceType::loki;
  } else if (type != "prometheus") {
    f.problem(*at, "type", fmt::format("must be prometheus or loki, got \"{}\"", shorten(type, 60)));
  }
}

bool is_username(std::string_view name) {
  return is_path(name) && name.size() <= 256 && name.find(':') == std::string_view::npos;
}

void decode_auth(Fields& f, const std::string& path, const Where& where, Source& out) {
  if (auto bearer = read_mapping(f, "bearer")) {
    read_file_path(*bearer, "file", where, out.bearer_file);
    read_secret_ref(*bearer, "secretRef", where, bearer->path("file"), out.bearer_secret);
    refuse_inline(*bearer, "token", bearer->path("file"));
    if (bearer->has("file") == bearer->has("secretRef")) {
      f.problems().add(bearer->at(), path + ".bearer must have exactly one of file and secretRef");
    }
    bearer->finish();
  }
  if (auto basic = read_mapping(f, "basic")) {
    read_checked(*basic, "username", "a user name without ':' and control characters, at most 256", is_username,
                 out.basic_user);
    read_file_path(*basic, "passwordFile", where, out.basic_password_file);
    read_secret_ref(*basic, "passwordSecretRef", where, basic->path("passwordFile"), out.basic_password_secret);
    refuse_inline(*basic, "password", basic->path("passwordFile"));
    if (!basic->has("username")) basic->missing("username", "is missing");
    if (basic->has("passwordFile") == basic->has("passwordSecretRef")) {
      f.problems().add(basic->at(), path + ".basic must have exactly one of passwordFile and passwordSecretRef");
    }
    basic->finish();
  }
  if (f.has("bearer") == f.has("basic")) {
    f.problems().add(f.at(), path + " must have exactly one of bearer and basic");
  }
  f.finish();
}

void decode_tls(Fields& f, const Where& where, Source& out) {
  read_file_path(f, "ca", where, out.ca_file);
  read_file_path(f, "cert", where, out.certificate_file);
  read_file_path(f, "key", where, out.key_file);
  constexpr std::string_view kName = "a host's name";
  const auto is_host = [](std::string_view name) { return is_dns_subdomain(name); };
  read_checked(f, "serverName", kName, is_host, out.server_name);
  if (f.has("cert") != f.has("key")) {
    const std::string_view absent = f.has("cert") ? "key" : "cert";
    f.missing(absent, "is missing; a client certificate is cert and key together");
  }
  if (const Node* node = f.get("insecureSkipVerify")) {
    f.problem(node->at, "insecureSkipVerify",
              fmt::format("does not exist: certificates are always checked; name the authority in {}", f.path("ca")));
  }
  f.finish();
}

}  // namespace

Source decode_source(Fields& f, const Where& where) {
  Source out;
  read_type(f, out.type);
  read_url(f, "url", "those go into auth", out.url);
  read_checked(f, "tenant", "one or more tenants joined by '|': letters, digits and !-_.*'()", is_tenant, out.tenant);
  if (auto auth = read_mapping(f, "auth")) decode_auth(*auth, f.path("auth"), where, out);
  if (auto tls = read_mapping(f, "tls")) decode_tls(*tls, where, out);
  if (out.type == SourceType::loki && !f.has("url")) f.missing("url", "is missing; there is no default for type loki");
  if (f.has("tls") && out.url.starts_with("http://")) {
    f.problem(f.get("tls")->at, "tls", fmt::format("has no meaning: {} does not begin with https://", f.path("url")));
  }
  f.finish();
  return out;
}

}  // namespace stackscaler::policy::detail
