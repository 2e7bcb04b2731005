// SPDX-License-Identifier: Apache-2.0
#include "kube/resource.hpp"

#include "http/url.hpp"
#include "kube/detail/json.hpp"

namespace stackscaler::kube {

std::string Resource::path(std::string_view namespace_, std::string_view name, std::string_view subresource) const {
  std::string out = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
  if (!namespace_.empty()) out.append("/namespaces/").append(http::percent_encode(namespace_));
  out.append("/").append(plural);
  if (!name.empty()) out.append("/").append(http::percent_encode(name));
  if (!subresource.empty()) out.append("/").append(subresource);
  return out;
}

std::string Resource::display() const {
  return group.empty() ? plural : plural + "." + group;
}

bool valid_segment(std::string_view name) {
  return !name.empty() && name.size() <= 253 && name != "." && name != ".." &&
         name.find_first_of("/%") == std::string_view::npos;
}

std::string ObjectKey::display() const {
  return namespace_.empty() ? name : namespace_ + "/" + name;
}

Result<Object> parse_object(std::string json) {
  auto parsed = detail::parse_json(json);
  if (!parsed) return fail(std::move(parsed).error());
  auto object = detail::object_of(*parsed);
  if (object) object->json = std::move(json);
  return object;
}

}  // namespace stackscaler::kube
