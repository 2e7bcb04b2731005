// SPDX-License-Identifier: Apache-2.0
#include "api/detail/call.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "api/api.hpp"
#include "api/problem.hpp"

namespace stackscaler::api {
namespace detail {
namespace {

bool alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool valid_folder(std::string_view text) {
  if (text.empty() || text.size() > 128 || !(alnum(text.front()) || text.front() == '_')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return alnum(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

// In a cluster "namespace/name" (%2F in a path).
bool valid_stack(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return valid_folder(text);
  return valid_folder(text.substr(0, slash)) && valid_folder(text.substr(slash + 1));
}

bool valid_namespace(std::string_view text) {
  if (text.empty() || text.size() > 63 || !(lower_alnum(text.front()) || text.front() == '_')) return false;
  if (text.size() > 1 && !lower_alnum(text.back())) return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) { return lower_alnum(c) || c == '-'; });
}

// An implicit policy has its stack's id as its name.
bool valid_name(std::string_view text) {
  const auto edge = [](char c) { return alnum(c) || c == '_'; };
  if (text.empty() || text.size() > 253 || !edge(text.front()) || !edge(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return alnum(c) || c == '-' || c == '.' || c == '_'; });
}

std::size_t length_of(const std::string& text) {
  std::size_t out = 0;
  for (const char c : text) out += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return out;
}

http::Response json_text(int status, std::string text) {
  text += '\n';
  return http::Response(status, "application/json", std::move(text));
}

http::Response json_answer(int status, const Json& json) {
  return json_text(status, dump(json));
}

}  // namespace detail

void Call::refuse(std::string_view detail, std::string_view action) {
  refused = problem(Kind::bad_request, detail, action);
}

std::string_view Call::query_text(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string_view{} : std::string_view(found->second);
}

std::optional<std::string> Call::stack_id() {
  const std::string& id = path.find("id")->second;
  if (detail::valid_stack(id)) return id;
  refuse(
      "that is no stack's id: letters, digits, '.', '_' and '-', at most 128, beginning with a letter or digit; in a "
      "cluster namespace/name",
      "see GET /scaling/stacks for those that there are");
  return std::nullopt;
}

std::optional<std::string> Call::operation_id() {
  const std::string& id = path.find("id")->second;
  if (detail::valid_stack(id) && id.front() != '_' && id.find('/') == std::string::npos) return id;
  refuse("that is no operation's id", "see GET /api/v1/operations for those that there are");
  return std::nullopt;
}

std::optional<policy::PolicyKey> Call::policy_key() {
  policy::PolicyKey key;
  key.namespace_ = path.find("namespace")->second;
  key.name = path.find("name")->second;
  if (detail::valid_namespace(key.namespace_) && detail::valid_name(key.name)) return key;
  refuse("that is no policy's namespace and name", "see GET /api/v1/policies for those that there are");
  return std::nullopt;
}

std::optional<Duration> Call::wait() {
  const auto out = duration("wait", Duration(0), 5);
  return out ? std::optional<Duration>(std::min<Duration>(*out, std::chrono::minutes(5))) : std::nullopt;
}

std::optional<Duration> Call::duration(std::string_view name, Duration otherwise, int most_minutes) {
  const std::string_view text = query_text(name);
  if (!query.contains(name)) return otherwise;
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, ec] = std::from_chars(text.data(), end, number);
  const std::string_view rest(unit, static_cast<std::size_t>(end - unit));
  const bool canonical = !text.empty() && (text.front() != '0' || text == "0s") && text.front() != '-';
  if (ec == std::errc{} && canonical) {
    if (rest == "s" && number <= 999) return std::chrono::seconds(number);
    if (rest == "m" && number >= 1 && number <= most_minutes) return std::chrono::minutes(number);
  }
  refuse(std::string(name) + ": that is not a duration such as 30s, at most " + std::to_string(most_minutes) + "m",
         "correct the query and send it again");
  return std::nullopt;
}

std::optional<double> Call::share(std::string_view name, double otherwise) {
  if (!query.contains(name)) return otherwise;
  const std::string_view text = query_text(name);
  double number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec == std::errc{} && end == text.data() + text.size() && number >= 0.05 && number <= 1) return number;
  refuse(std::string(name) + ": that is not a number from 0.05 to 1", "correct the query and send it again");
  return std::nullopt;
}

std::optional<int> Call::limit() {
  if (!query.contains("limit")) return 100;
  const std::string_view text = query_text("limit");
  int number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= 1000) return number;
  refuse("limit: that is not a whole number from 1 to 1000", "correct the query and send it again");
  return std::nullopt;
}

std::optional<std::int64_t> Call::before() {
  if (!query.contains("before")) return 0;
  const std::string_view text = query_text("before");
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec == std::errc{} && end == text.data() + text.size() && number >= 0 && text.size() <= 18 && text[0] != '-') {
    return number;
  }
  refuse("before: that is not the `next` of a page", "give what the page before gave as next");
  return std::nullopt;
}

std::optional<std::optional<WallTime>> Call::time(std::string_view name) {
  if (!query.contains(name)) return std::optional<WallTime>();
  auto parsed = parse_rfc3339(query_text(name));
  if (parsed) return std::optional<WallTime>(*parsed);
  refuse(std::string(name) + ": that is not a time such as 2026-11-24T10:00:00Z",
         "correct the query and send it again");
  return std::nullopt;
}

std::optional<detail::Json> Call::body(std::initializer_list<std::string_view> fields, bool needed) {
  using detail::Json;
  const std::string_view type = request.headers.get("content-type");
  if (request.body.empty() && !needed) return Json::object();
  const std::string_view essence = type.substr(0, type.find(';'));
  const std::string_view trimmed = essence.substr(0, essence.find_last_not_of(' ') + 1);
  const bool json = trimmed.size() == 16 && std::equal(trimmed.begin(), trimmed.end(), "application/json",
                                                       [](char a, char b) { return std::tolower(a) == b; });
  if (!json) {
    refused = problem(Kind::unsupported_media_type, "the body is not application/json",
                      "send it with Content-Type: application/json");
    return std::nullopt;
  }
  Json out = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!out.is_object()) {
    refuse("the body is not one JSON object", "see /docs for what it holds");
    return std::nullopt;
  }
  for (const auto& [name, value] : out.items()) {
    if (std::find(fields.begin(), fields.end(), name) != fields.end()) continue;
    refused =
        problem(Kind::unprocessable, "the body has a field that is not known here", "see /docs for those that are");
    return std::nullopt;
  }
  return out;
}

}  // namespace stackscaler::api
