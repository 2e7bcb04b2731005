// SPDX-License-Identifier: Apache-2.0
#include "metrics/prometheus_json.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace stackscaler::metrics {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxWarnings = 10;

QueryAnswer missing(std::string why) {
  QueryAnswer answer;
  answer.missing = std::move(why);
  return answer;
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json* value) {
  if (value == nullptr || !value->is_string()) return {};
  return value->get_ref<const std::string&>();
}

QueryAnswer malformed() {
  return missing("the answer is not that of a Prometheus query API");
}

// `pair` is [time, "number"].
QueryAnswer number(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[1].is_string()) return malformed();
  const std::string& written = pair[1].get_ref<const std::string&>();
  std::string_view text = written;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end) {
    return missing("the value '" + one_line(written, 40) + "' is not a number");
  }
  if (std::isnan(value)) return missing("the value is NaN");
  if (std::isinf(value)) return missing(value > 0 ? "the value is +Inf" : "the value is -Inf");
  QueryAnswer answer;
  answer.value = value;
  return answer;
}

QueryAnswer vector_result(const Json& result) {
  if (!result.is_array()) return malformed();
  if (result.empty()) return missing("no data");
  if (result.size() > 1) {
    return missing(fmt::format("{} series, 1 expected; aggregate the query, e.g. sum(...)", result.size()));
  }
  const Json* const pair = member(result.front(), "value");
  if (pair == nullptr) {
    if (member(result.front(), "histogram") != nullptr) return missing("the result is a histogram, not a number");
    return malformed();
  }
  return number(*pair);
}

QueryAnswer success(const Json& document) {
  const Json* const data = member(document, "data");
  const Json* const result = data == nullptr ? nullptr : member(*data, "result");
  if (result == nullptr) return malformed();
  const std::string type = text_of(member(*data, "resultType"));
  if (type == "vector") return vector_result(*result);
  if (type == "scalar") return number(*result);
  if (type == "string") return missing("the result is a string, not a number");
  if (type == "matrix") return missing("the result is a range of samples; the query must give one number");
  return malformed();
}

std::vector<std::string> warnings_of(const Json& document) {
  std::vector<std::string> out;
  const Json* const list = member(document, "warnings");
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& one : *list) {
    if (out.size() == kMaxWarnings) break;
    out.push_back(one_line(text_of(&one)));
  }
  return out;
}

// "bad_data: 1:4: parse error: unexpected end of input"
std::string error_text(const Json& document) {
  const std::string type = text_of(member(document, "errorType"));
  const std::string text = text_of(member(document, "error"));
  if (type.empty()) return one_line(text);
  return one_line(text.empty() ? type : type + ": " + text);
}

// JSON texts are known to be UTF-8; other bodies may be anything, and messages travel on as JSON.
std::string ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return out;
}

QueryAnswer http_failure(int status, const Json& document, std::string_view body) {
  std::string text = document.is_discarded() ? std::string() : error_text(document);
  // Proxies answer in words, which help, or in HTML, which doesn't.
  if (text.empty() && document.is_discarded() && !body.starts_with('<')) text = one_line(ascii(body.substr(0, 1000)));
  if (text.empty()) return missing(fmt::format("Prometheus answered HTTP {}", status));
  return missing(fmt::format("Prometheus answered HTTP {}: {}", status, text));
}

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  if (cut) {
    text = text.substr(0, limit >= 3 ? limit - 3 : 0);
    // Not in the middle of a UTF-8 sequence: drop continuation bytes and the byte that begins them.
    std::size_t end = text.size();
    while (end > 0 && (static_cast<unsigned char>(text[end - 1]) & 0xC0U) == 0x80U) --end;
    if (end > 0 && static_cast<unsigned char>(text[end - 1]) >= 0xC0U) --end;
    if (text.size() - end < 4) text = text.substr(0, end);
  }
  std::string out;
  out.reserve(text.size() + 3);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  const std::size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  out = out.substr(first, out.find_last_not_of(' ') - first + 1);
  if (cut) out += "...";
  return out;
}

QueryAnswer parse_query_answer(int http_status, std::string_view body) {
  const Json document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (http_status != 200) return http_failure(http_status, document, body);
  if (document.is_discarded()) return missing("the answer is not JSON");
  const std::string status = text_of(member(document, "status"));
  QueryAnswer answer;
  if (status == "success") {
    answer = success(document);
  } else if (status == "error") {
    const std::string text = error_text(document);
    answer = missing(text.empty() ? "Prometheus reports an error" : "Prometheus reports an error: " + text);
  } else {
    answer = malformed();
  }
  answer.warnings = warnings_of(document);
  return answer;
}

}  // namespace stackscaler::metrics
