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
constexpr std::size_t kMaxLabels = 500;
constexpr const char* kLogQuery =
    "the result is log lines, not a number: it is a log query; wrap it, e.g. sum(rate(... [5m]))";

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

// "81.3", "NaN", "+Inf": numbers travel as strings.
std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

// `pair` is [time, "number"].
QueryAnswer number(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[1].is_string()) return malformed();
  const std::string& written = pair[1].get_ref<const std::string&>();
  const auto read = to_number(written);
  if (!read) return missing("the value '" + one_line(written, 40) + "' is not a number");
  const double value = *read;
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

QueryAnswer success(const Json& data) {
  const Json* const result = member(data, "result");
  if (result == nullptr) return malformed();
  const std::string type = text_of(member(data, "resultType"));
  if (type == "vector") return vector_result(*result);
  if (type == "scalar") return number(*result);
  if (type == "string") return missing("the result is a string, not a number");
  if (type == "streams") return missing(kLogQuery);
  if (type == "matrix") return missing("the result is a range of samples; the query must give one number");
  return malformed();
}

std::vector<std::string> remarks_of(const Json& document, const char* name) {
  std::vector<std::string> out;
  const Json* const list = member(document, name);
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

std::string product(const AnswerHeaders& headers) {
  return headers.loki ? "Loki" : "Prometheus";
}

// Of a redirect's target the host alone: the rest may hold what logs people in.
std::string redirect_text(std::string_view location) {
  const std::size_t scheme = location.find("://");
  if (scheme == std::string_view::npos) return "a redirect to another path";
  std::string_view host = location.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  return "a redirect to " + one_line(ascii(host), 80);
}

std::string hint(int status, const AnswerHeaders& headers) {
  if (headers.loki && status == 404) return " (the URL must be what stands before /loki/api/v1/query)";
  switch (status) {
    case 401:
    case 403: return " (are auth and tenant right?)";
    case 404: return " (the URL must be what stands before /api/v1/query)";
    default: return {};
  }
}

std::string http_failure(int status, const Json& document, std::string_view body, const AnswerHeaders& headers) {
  const std::string answered = fmt::format("{} answered HTTP {}", product(headers), status);
  if (status / 100 == 3) {
    return fmt::format("{}: {}, which is not followed; give the final URL", answered, redirect_text(headers.location));
  }
  std::string text = document.is_discarded() ? std::string() : error_text(document);
  // Proxies, and Loki itself, answer in words, which help, or proxies in HTML, which doesn't.
  if (text.empty() && document.is_discarded() && !body.starts_with('<')) text = one_line(ascii(body.substr(0, 1000)));
  if (headers.loki && text.find("log queries are not supported") != std::string::npos) return kLogQuery;
  return answered + (text.empty() ? std::string() : ": " + text) + hint(status, headers);
}

// Why the answer is none of the API's, or "".
std::string foreign(std::string_view body, const AnswerHeaders& headers) {
  if (!headers.content_encoding.empty() && headers.content_encoding != "identity") {
    return "the answer is compressed (" + one_line(ascii(headers.content_encoding), 40) + "), which was not asked for";
  }
  if (headers.content_type.starts_with("text/html") || body.starts_with("<!") || body.starts_with("<html")) {
    return fmt::format("this is not {}: the answer is an HTML page; is the URL right, is there a login before it?",
                       product(headers));
  }
  return {};
}

// The answer's `data`, or why there is none.
struct Opened {
  Json document;
  const Json* data = nullptr;
  std::string missing;
};

Opened open_answer(int status, std::string_view body, const AnswerHeaders& headers) {
  Opened out;
  const bool packed = !headers.content_encoding.empty() && headers.content_encoding != "identity";
  if (status / 100 == 2 || packed) out.missing = foreign(body, headers);
  if (!out.missing.empty()) return out;
  out.document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (status != 200) {
    out.missing = http_failure(status, out.document, body, headers);
  } else if (out.document.is_discarded()) {
    out.missing = "the answer is not JSON";
  } else if (const std::string said = text_of(member(out.document, "status")); said == "success") {
    out.data = member(out.document, "data");
    if (out.data == nullptr) out.missing = malformed().missing;
  } else if (said == "error") {
    const std::string text = error_text(out.document);
    out.missing = product(headers) + " reports an error" + (text.empty() ? "" : ": " + text);
  } else {
    out.missing = malformed().missing;
  }
  return out;
}

std::string labels_text(const Json* metric) {
  std::string out = "{";
  if (metric != nullptr && metric->is_object()) {
    for (const auto& [name, value] : metric->items()) {  // sorted: the library keeps objects by name
      if (out.size() > 1) out += ", ";
      out += name + "=\"" + text_of(&value) + "\"";
      if (out.size() > kMaxLabels) break;
    }
  }
  return one_line(out + "}", kMaxLabels);
}

// False when a sample is none.
bool read_samples(const Json& values, std::vector<Sample>& out) {
  if (!values.is_array()) return false;
  out.reserve(values.size());
  for (const Json& pair : values) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_string()) return false;
    const double seconds = pair[0].get<double>();
    const auto value = to_number(pair[1].get_ref<const std::string&>());
    if (!value || !(std::abs(seconds) < 1e11)) return false;
    if (!std::isfinite(*value)) continue;
    const WallTime time{Duration(std::llround(seconds * 1000))};
    if (out.empty() || time > out.back().time) out.push_back(Sample{time, *value});
  }
  return true;
}

RangeAnswer no_range(std::string why) {
  RangeAnswer out;
  out.missing = std::move(why);
  return out;
}

RangeAnswer matrix(const Json& result, const RangeLimits& limits) {
  if (!result.is_array()) return no_range(malformed().missing);
  if (result.size() > limits.series) {
    return no_range(fmt::format("{} series, at most {} are read; aggregate the query", result.size(), limits.series));
  }
  RangeAnswer out;
  std::size_t total = 0;
  for (const Json& one : result) {
    const Json* const values = member(one, "values");
    Series series;
    if (values == nullptr && member(one, "histograms") != nullptr) {
      return no_range("the result is histograms, not numbers");
    }
    if (values == nullptr || !read_samples(*values, series.samples)) return no_range(malformed().missing);
    total += series.samples.size();
    if (total > limits.samples) {
      return no_range(fmt::format("more than {} samples; take a larger step", limits.samples));
    }
    series.labels = labels_text(member(one, "metric"));
    out.series.push_back(std::move(series));
  }
  return out;
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

std::string QueryAnswer::partial() const {
  for (const std::string& one : warnings) {
    if (!one.starts_with("PromQL ")) return one;
  }
  return {};
}

QueryAnswer parse_query_answer(int http_status, std::string_view body, const AnswerHeaders& headers) {
  const Opened opened = open_answer(http_status, body, headers);
  QueryAnswer answer = opened.data == nullptr ? missing(opened.missing) : success(*opened.data);
  answer.warnings = remarks_of(opened.document, "warnings");
  answer.infos = remarks_of(opened.document, "infos");
  return answer;
}

RangeAnswer parse_range_answer(int http_status, std::string_view body, const AnswerHeaders& headers,
                               const RangeLimits& limits) {
  const Opened opened = open_answer(http_status, body, headers);
  if (opened.data == nullptr) return no_range(opened.missing);
  const Json* const result = member(*opened.data, "result");
  const std::string type = text_of(member(*opened.data, "resultType"));
  if (type == "streams") return no_range(kLogQuery);
  if (result == nullptr || type != "matrix") return no_range(malformed().missing);
  RangeAnswer out = matrix(*result, limits);
  out.warnings = remarks_of(opened.document, "warnings");
  return out;
}

}  // namespace stackscaler::metrics
