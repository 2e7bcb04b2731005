// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include <algorithm>

#include "policy/detail/decode.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

constexpr std::string_view kFile = "a file's path, relative to the policy's folder or absolute";

}  // namespace

void read_file_path(Fields& f, std::string_view name, const Where& where, std::string& out, Rule rule) {
  const RuleScope scope(rule);
  std::string text;
  const Found at = read_checked(f, name, kFile, is_path, text);
  if (!at) return;
  if (where.home == Home::cluster && !text.starts_with('/')) {
    f.problem(*at, name, fmt::format("must be an absolute path in a cluster, got \"{}\"", shorten(text, 60)));
  } else {
    out = (where.folder / text).lexically_normal().string();
  }
}

void read_secret_ref(Fields& f, std::string_view name, const Where& where, std::string_view instead, SecretRef& out,
                     Rule rule) {
  const RuleScope scope(rule);
  auto ref = read_mapping(f, name);
  if (!ref) return;
  if (where.home == Home::files) {
    f.problem(ref->at(), name, fmt::format("needs a cluster; for a policy in a file there is {}", instead));
    return;
  }
  constexpr std::string_view kName = "a Secret's name: lower-case letters, digits, '-' and '.', at most 253";
  read_checked(*ref, "name", kName, is_dns_subdomain, out.name);
  read_checked(*ref, "key", "a Secret's key: letters, digits, '-', '_' and '.', at most 253", is_secret_key, out.key);
  if (!ref->has("name")) ref->missing("name", "is missing; it is the Secret's");
  if (!ref->has("key")) ref->missing("key", "is missing; it says which entry of the Secret");
  ref->finish();
}

}  // namespace stackscaler::policy::detail
