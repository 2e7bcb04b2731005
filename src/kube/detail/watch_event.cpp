// SPDX-License-Identifier: Apache-2.0
#include "kube/detail/watch_event.hpp"

#include "kube/client.hpp"
#include "kube/detail/json.hpp"

namespace stackscaler::kube::detail {

namespace {

std::unexpected<Error> unfit(const std::string& what) {
  return fail(ErrorKind::invalid_input, "the watch sent " + what);
}

}  // namespace

Result<WatchEvent> parse_event(std::string_view line) {
  const auto json = parse_json(line);
  if (!json) return unfit(json.error().message());
  const std::string type = text(*json, "type");
  const Json& inner = member(*json, "object");
  WatchEvent event;
  if (type == "ERROR") {
    event.type = WatchEvent::Type::error;
    const std::int64_t code = integer(inner, "code");
    event.error = status_error(code >= 400 && code < 600 ? static_cast<int>(code) : 500, dump(inner), "watch");
    return event;
  }
  event.resource_version = text(member(inner, "metadata"), "resourceVersion");
  if (event.resource_version.empty()) return unfit("an event without a resourceVersion");
  if (type == "BOOKMARK") return event;
  auto object = object_of(inner);
  if (!object) return unfit(object.error().message());
  event.object = std::move(*object);
  if (type == "DELETED") {
    event.type = WatchEvent::Type::remove;
    return event;
  }
  if (type != "ADDED" && type != "MODIFIED") return unfit("an event of an unknown type");
  event.type = WatchEvent::Type::upsert;
  event.object.json = dump(inner);
  return event;
}

Result<ListPage> parse_page(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return fail(ErrorKind::invalid_input, "the list is " + json.error().message());
  const Json& items = member(*json, "items");
  const Json& metadata = member(*json, "metadata");
  ListPage page;
  page.resource_version = text(metadata, "resourceVersion");
  page.continue_token = text(metadata, "continue");
  // A list of nothing may come with items: null.
  if ((!items.is_array() && !items.is_null()) || page.resource_version.empty()) {
    return fail(ErrorKind::invalid_input, "the answer is no list with a resourceVersion");
  }
  page.objects.reserve(items.size());
  for (const Json& item : items) {
    auto object = object_of(item);
    if (!object) return fail(ErrorKind::invalid_input, "the list holds " + object.error().message());
    object->json = dump(item);
    page.objects.push_back(std::move(*object));
  }
  return page;
}

}  // namespace stackscaler::kube::detail
