// SPDX-License-Identifier: Apache-2.0
#include "policy/detail/names.hpp"

#include <algorithm>
#include <array>

namespace stackscaler::policy::detail {
namespace {

bool is_lower(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_alnum(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// Takes the part before the first dot, and the dot, off `text`.
std::string_view take_part(std::string_view& text) {
  const std::size_t dot = text.find('.');
  const std::string_view part = text.substr(0, dot);
  text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  return part;
}

}  // namespace

bool is_dns_label(std::string_view name) {
  if (name.empty() || name.size() > 63 || !is_lower(name.front()) || !is_lower(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.back() == '.') return false;
  while (!name.empty()) {
    const std::string_view part = take_part(name);
    // RFC 1123 as Kubernetes reads it for names: a part has no limit of its own but the whole's.
    if (part.empty() || !is_lower(part.front()) || !is_lower(part.back())) return false;
    if (!std::all_of(part.begin(), part.end(), [](char c) { return is_lower(c) || c == '-'; })) return false;
  }
  return true;
}

bool is_stack_id(std::string_view id) {
  if (id.empty() || id.size() > 63 || !is_alnum(id.front()) || id.find("..") != std::string_view::npos) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_secret_key(std::string_view key) {
  if (key.empty() || key.size() > 253 || key == "." || key.find("..") != std::string_view::npos) return false;
  return std::all_of(key.begin(), key.end(), [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_metric_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || !is_lower(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || c == '-' || c == '_'; });
}

bool is_terraform_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || !(is_letter(name.front()) || name.front() == '_')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

bool is_reserved_variable(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kReserved{"source",   "version",   "providers",  "count",
                                                             "for_each", "lifecycle", "depends_on", "locals"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

bool is_resource_address(std::string_view address) {
  if (address.size() > 1024 || address.ends_with('.')) return false;
  while (address.starts_with("module.")) {
    take_part(address);
    if (!is_terraform_name(take_part(address))) return false;
  }
  const std::string_view type = take_part(address);
  return type != "data" && type != "module" && is_terraform_name(type) && is_terraform_name(address);
}

bool is_workspace(std::string_view name) {
  if (name.empty() || name.size() > 90 || name == "." || name == ".." || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '~'; });
}

bool is_environment_name(std::string_view name) {
  if (name.empty() || name.size() > 128 || !(is_letter(name.front()) || name.front() == '_')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alnum(c) || c == '_'; });
}

bool is_http_url(std::string_view url) {
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || url.size() == scheme || url.size() > 2048 || url[scheme] == '/') return false;
  const std::string_view host = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  return host.find('@') == std::string_view::npos &&
         std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_clean_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20U && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
  });
}

// Mimir, "About tenant IDs": alphanumeric and !-_.*'(), at most 150 bytes, neither "." nor "..".
bool is_tenant(std::string_view name) {
  if (name.size() > 1024) return false;
  for (;;) {
    const std::string_view one = name.substr(0, name.find('|'));
    const bool known = std::all_of(one.begin(), one.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("!-_.*'()").find(c) != std::string_view::npos;
    });
    if (one.empty() || one.size() > 150 || one == "." || one == ".." || !known) return false;
    if (one.size() == name.size()) return true;
    name.remove_prefix(one.size() + 1);
  }
}

bool is_path(std::string_view path) {
  if (path.empty() || path.size() > 4096) return false;
  return std::none_of(path.begin(), path.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7f; });
}

}  // namespace stackscaler::policy::detail
