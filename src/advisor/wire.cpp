// SPDX-License-Identifier: Apache-2.0
#include "advisor/wire.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>

#include "policy/reasons.hpp"

namespace stackscaler::advisor {
namespace {

namespace reason = policy::reason;
using Json = nlohmann::json;

constexpr Duration kLongestPause = std::chrono::hours(1);

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool is_code(std::string_view text) {
  constexpr std::size_t kLongest = 48;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// Gemini: {"error":{"status":"RESOURCE_EXHAUSTED"}}; OpenAI: {"error":{"code":"insufficient_quota","type":"…"}}.
std::string error_code(std::string_view body, const Secret& key) {
  const Json document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return {};
  const auto error = document.find("error");
  if (error == document.end() || !error->is_object()) return {};
  for (const char* name : {"status", "code", "type"}) {
    const auto found = error->find(name);
    if (found == error->end() || !found->is_string()) continue;
    const auto& text = found->get_ref<const std::string&>();
    if (is_code(text) && !holds_key(text, key) && key.reveal().find(text) == std::string::npos)
      return " (" + text + ")";
  }
  return {};
}

// What the status says about whom it is up to. 400 with Gemini may mean the key, which its text says.
std::unexpected<Error> http_failure(const http::Response& response, std::string_view advisor, const Secret& key) {
  const int status = response.status;
  const std::string said = fmt::format("{} answered HTTP {}{}", advisor, status, error_code(response.body, key));
  const bool bad_key = status == 400 && any_of(response.body, {"API_KEY_INVALID", "API key not valid"});
  if (status == 401 || status == 403 || bad_key) {
    return fail(ErrorKind::unauthorized, reason::kAdvisorRefused, said + ": is the key right?");
  }
  if (status == 429) return fail(ErrorKind::unavailable, reason::kAdvisorThrottled, said + ": too many requests");
  if (status == 404) {
    return fail(ErrorKind::invalid_input, reason::kAdvisorRefused, said + ": are model and baseURL right?");
  }
  if (status / 100 == 3) {
    return fail(ErrorKind::invalid_input, reason::kAdvisorRefused,
                said + ": a redirect, which is not followed; give the final baseURL");
  }
  if (status / 100 == 4) return fail(ErrorKind::invalid_input, reason::kAdvisorRefused, said);
  return fail(ErrorKind::unavailable, reason::kAdvisorUnreachable, said);
}

}  // namespace

bool Dialect::leave_out(std::string_view error_body) {
  const std::string text = lower(error_body.substr(0, 4096));
  const Dialect before = *this;
  if (any_of(text, {"response_format", "json_schema", "responseschema", "response_schema", "responsemimetype",
                    "response_mime_type", "json mode", "schema", "grammar"})) {
    if (!schema) json_mode = false;
    schema = false;
  }
  if (any_of(text, {"temperature"})) temperature = false;
  if (any_of(text, {"max_tokens", "maxoutputtokens", "max_output_tokens", "max_completion_tokens"})) {
    token_limit = false;
  }
  return *this != before;
}

std::string model_of(const policy::Advisor& advisor) {
  if (!advisor.model.empty()) return advisor.model;
  return advisor.type == policy::AdvisorType::openai ? "gpt-4o-mini" : "gemini-2.5-flash";
}

std::string identity_of(const policy::Advisor& advisor) {
  constexpr char kBetween = '\x1f';
  std::string out(to_string(advisor.type));
  const std::string model = model_of(advisor);
  for (const std::string* part : {&advisor.base_url, &model, &advisor.key_env, &advisor.key_file}) {
    out.append(1, kBetween).append(*part);
  }
  return out;
}

Result<http::Url> base_url_of(const policy::Advisor& advisor, std::string_view base) {
  auto url = http::parse_url(advisor.base_url.empty() ? base : std::string_view(advisor.base_url));
  if (!url) return fail(ErrorKind::invalid_input, reason::kAdvisorRefused, "advisor.baseURL is no usable URL");
  while (url->path.ends_with('/')) url->path.pop_back();
  return url;
}

http::Request json_post(http::Url url, std::string body) {
  http::Request request(http::Method::post, std::move(url));
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  request.headers.add("Accept-Encoding", "identity");
  request.body = std::move(body);
  request.body_limit = kMaxReply;
  return request;
}

const nlohmann::json* member(const nlohmann::json* value, const char* name) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto found = value->find(name);
  return found == value->end() ? nullptr : &*found;
}

Result<std::string_view> body_of(const http::Response& response, std::string_view advisor, const Secret& key) {
  if (response.status != 200) return http_failure(response, advisor, key);
  const std::string encoding = lower(response.headers.get("Content-Encoding"));
  if (!encoding.empty() && encoding != "identity") return no_answer(advisor, "compressed, which was not asked for");
  const std::string type = lower(response.headers.get("Content-Type"));
  if (type.starts_with("text/event-stream")) return no_answer(advisor, "with a stream, which was not asked for");
  if (type.starts_with("text/html")) return no_answer(advisor, "with an HTML page: is baseURL right?");
  if (!type.starts_with("application/json")) return no_answer(advisor, "with something that is not JSON");
  return std::string_view(response.body);
}

std::unexpected<Error> no_answer(std::string_view advisor, std::string_view what) {
  return fail(ErrorKind::unavailable, reason::kAdviceInvalid, fmt::format("{} answered {}", advisor, what));
}

Duration retry_after(std::string_view value, WallTime now) {
  if (value.empty()) return Duration(0);
  long seconds = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, seconds);
  if (read.ec == std::errc::result_out_of_range) return kLongestPause;
  Duration pause{};
  if (read.ec == std::errc{} && read.ptr == end) {
    pause = std::chrono::seconds(std::clamp(seconds, 0L, 86'400L));
  } else {
    std::tm parts{};
    const std::string text(value);
    if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return Duration(0);
    const std::chrono::sys_seconds at(std::chrono::seconds(::timegm(&parts)));
    pause = std::chrono::duration_cast<Duration>(at - now);
  }
  return std::clamp(pause, Duration(0), kLongestPause);
}

bool holds_key(std::string_view text, const Secret& key) {
  constexpr std::size_t kPart = 8;
  const std::string_view whole(key.reveal());
  if (whole.size() < 4) return false;
  if (whole.size() < 2 * kPart) return text.find(whole) != std::string_view::npos;
  for (std::size_t at = 0; at + kPart <= whole.size(); ++at) {
    if (text.find(whole.substr(at, kPart)) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace stackscaler::advisor
