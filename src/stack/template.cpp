// SPDX-License-Identifier: Apache-2.0
#include "stack/template.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "stack/detail/hcl_lexer.hpp"

namespace stackscaler::stack {

namespace {

using Json = nlohmann::json;
using detail::HclLexer;
using detail::Place;

constexpr std::size_t kMaxValueDepth = 16;
constexpr double kMaxExact = 9007199254740992.0;  // 2^53
constexpr std::string_view kLiteralBraces = "\"{{\"";

bool name_byte(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  if (text.empty() || !name_byte(text.front(), true)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return name_byte(c, false); });
}

// The content of a quoted string. '$' and '%' are always escaped: then no neighbour can make "${" or "%{" of them.
std::string escaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view three = value.substr(i, 3);
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || c == '$' || c == '%') {
      out += fmt::format("\\u{:04x}", byte);
    } else if (three == "\u2028" || three == "\u2029" || three == "\ufeff") {
      out += three == "\u2028" ? "\\u2028" : three == "\u2029" ? "\\u2029" : "\\ufeff";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

std::string number_text(const Json& value) {
  std::string text = value.dump();
  return text.front() == '-' ? "(" + text + ")" : text;
}

// The sentence of what makes a value impossible, or "".
std::string problem_of(const Json& value, std::size_t depth) {
  if (depth > kMaxValueDepth) return "is nested too deeply";
  if (value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos) {
    return "holds a NUL byte, which Terraform can't hold";
  }
  if (value.is_number_float() && !(std::abs(value.get<double>()) < kMaxExact)) {
    return "is a number too large to be exact; write it as a string";
  }
  if (!value.is_structured()) return {};
  for (const auto& item : value.items()) {
    if (item.key().find('\0') != std::string::npos) return "holds a NUL byte, which Terraform can't hold";
    std::string problem = problem_of(item.value(), depth + 1);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string literal(const Json& value) {
  if (value.is_string()) return "\"" + escaped(value.get_ref<const std::string&>()) + "\"";
  if (value.is_number()) return number_text(value);
  if (!value.is_structured()) return value.dump();
  const bool list = value.is_array();
  std::string out = list ? "[" : "{ ";
  bool first = true;
  for (const auto& item : value.items()) {
    if (!first) out += ", ";
    first = false;
    if (!list) out += "\"" + escaped(item.key()) + "\" = ";
    out += literal(item.value());
  }
  return out + (list ? "]" : " }");
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

struct Placeholder {
  std::string_view inside;  // between the braces, without spaces
  std::size_t bytes = 0;    // with the braces
};

class Renderer {
 public:
  Renderer(std::string_view name, std::string_view text, const Json& context)
      : name_(name), text_(text), context_(context), lexer_(text) {}

  Result<Rendered> run() {
    while (!lexer_.done()) {
      if (text_.substr(lexer_.at()).starts_with("{{")) {
        auto put = put_placeholder();
        if (!put) return fail(std::move(put).error());
      } else {
        const std::size_t from = lexer_.at();
        const bool opening = text_.substr(from).starts_with("${{") || text_.substr(from).starts_with("%{{");
        const bool in_text = lexer_.place() == Place::string || lexer_.place() == Place::heredoc;
        if (opening && in_text) return refuse(from, ambiguous(text_[from]));
        const bool doubled = text_.substr(from).starts_with("$${{") || text_.substr(from).starts_with("%%{{");
        if (doubled && in_text) return refuse(from, ambiguous(text_[from]));
        if (!lexer_.advance()) return refuse(from, lexer_.error());
        out_.text += text_.substr(from, lexer_.at() - from);
      }
      if (out_.text.size() > kMaxRenderedBytes) return refuse(lexer_.at(), "the result is larger than 4 MiB");
    }
    if (!lexer_.closed()) return refuse(text_.size(), lexer_.error());
    for (const auto& item : context_.items()) {
      if (!used_.contains(item.key())) out_.unused.push_back(item.key());
    }
    return std::move(out_);
  }

 private:
  static std::string ambiguous(char sign) {
    return fmt::format(
        "'{}' right before '{{{{' can be read in two ways; put it into the value, or write '{}{{ {{' if an object "
        "inside an interpolation is meant",
        sign, sign);
  }

  std::unexpected<Error> refuse(std::size_t at, const std::string& why) const {
    const std::string_view before = text_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t start = before.rfind('\n') + 1;  // npos + 1 == 0
    return fail(ErrorKind::invalid_input, fmt::format("{}:{}:{}: {}", name_, line, at - start + 1, why));
  }

  Result<Placeholder> read_placeholder() const {
    const std::size_t from = lexer_.at();
    const std::size_t line_end = std::min(text_.find('\n', from), text_.size());
    const std::string_view line = text_.substr(from, line_end - from);
    std::size_t at = line.find_first_not_of(" \t", 2);
    if (at == std::string_view::npos) return refuse(from, "'{{' without '}}' on its line");
    const std::size_t begin = at;
    if (line.substr(at).starts_with(kLiteralBraces)) {
      at += kLiteralBraces.size();
    } else {
      while (at < line.size() && name_byte(line[at], at == begin)) ++at;
    }
    Placeholder found;
    found.inside = line.substr(begin, at - begin);
    at = std::min(line.find_first_not_of(" \t", at), line.size());
    if (!found.inside.empty() && line.substr(at).starts_with("}}")) {
      found.bytes = at + 2;
      return found;
    }
    if (line.find("}}", 2) == std::string_view::npos) return refuse(from, "'{{' without '}}' on its line");
    if (at < line.size() && line[at] == '|') {
      return refuse(from, "a placeholder has no filters ('|'); put the finished value into the context");
    }
    return refuse(from, "a placeholder is a name alone, as in {{ name }}; two braces as such are {{ \"{{\" }}");
  }

  Result<void> put_placeholder() {
    const std::size_t from = lexer_.at();
    auto found = read_placeholder();
    if (!found) return fail(std::move(found).error());
    if (found->inside == kLiteralBraces) return put_braces(from, *found);
    const std::string key(found->inside);
    const auto value = context_.find(key);
    if (value == context_.end()) return refuse(from, "unknown placeholder '" + key + "'" + hint(key));
    const std::string problem = problem_of(*value, 0);
    if (!problem.empty()) return refuse(from, "the value of '" + key + "' " + problem);
    if (lexer_.place() == Place::comment) return refuse(from, "a placeholder can't stand in a comment");
    if (lexer_.place() == Place::heredoc) {
      return refuse(from, "a placeholder can't stand in a heredoc; give a local the value and use ${local.name} there");
    }
    if (lexer_.interpolated()) {
      return refuse(from, "a placeholder can't stand inside ${ }; give a local the value and use the local there");
    }
    if (lexer_.place() == Place::string) {
      if (value->is_structured() || value->is_null()) {
        return refuse(from,
                      "the value of '" + key + "' is no string, number or boolean, so it can't stand in a string");
      }
      out_.text += value->is_string() ? escaped(value->get_ref<const std::string&>()) : value->dump();
    } else {
      if (!stands_free(from, found->bytes)) {
        return refuse(from,
                      "a placeholder outside of a string has to stand where a value may stand (after '=', ',', '[', "
                      "'(' or an operator), apart from words");
      }
      out_.text += literal(*value);
    }
    used_.insert(key);
    lexer_.skip(found->bytes);
    return {};
  }

  Result<void> put_braces(std::size_t from, const Placeholder& found) {
    if (lexer_.place() == Place::code) return refuse(from, "two braces as such can only stand in a string");
    if (from > 0 && (text_[from - 1] == '$' || text_[from - 1] == '%')) return refuse(from, ambiguous(text_[from - 1]));
    out_.text += "{{";
    lexer_.skip(found.bytes);
    return {};
  }

  [[nodiscard]] bool stands_free(std::size_t from, std::size_t bytes) const {
    const char before = from == 0 ? '\n' : text_[from - 1];
    const char after = from + bytes < text_.size() ? text_[from + bytes] : '\n';
    if (std::string_view(" \t\n=([,").find(before) == std::string_view::npos) return false;
    if (std::string_view(" \t\r\n,)]}").find(after) == std::string_view::npos) return false;
    if (lexer_.last_word() == "in" || lexer_.last_word() == "if") return true;
    return std::string_view("=([,:?><!&|+*/%-").find(lexer_.last_code()) != std::string_view::npos &&
           (lexer_.last_word().empty() || lexer_.last_word() == "-");
  }

  [[nodiscard]] std::string hint(const std::string& key) const {
    std::string best;
    std::size_t least = 3;
    if (key.size() > 64) return {};
    for (const auto& item : context_.items()) {
      if (item.key().size() > 64) continue;
      const std::size_t far = distance(key, item.key());
      if (far < least) {
        least = far;
        best = item.key();
      }
    }
    return best.empty() ? std::string() : "; did you mean '" + best + "'?";
  }

  std::string_view name_;
  std::string_view text_;
  const Json& context_;
  HclLexer lexer_;
  Rendered out_;
  std::set<std::string> used_;
};

// nlohmann's serialiser is its only check of UTF-8 that takes a plain string.
bool valid_utf8(std::string_view text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

Result<Rendered> render_template(std::string_view name, std::string_view text, std::string_view context_json) {
  const std::string who(name);
  if (text.size() > kMaxTemplateBytes) return fail(ErrorKind::invalid_input, who + ": is larger than 1 MiB");
  if (context_json.size() > kMaxTemplateBytes) {
    return fail(ErrorKind::invalid_input, who + ": the context is larger than 1 MiB");
  }
  if (text.find('\0') != std::string_view::npos) return fail(ErrorKind::invalid_input, who + ": holds a NUL byte");
  if (!valid_utf8(text)) return fail(ErrorKind::invalid_input, who + ": is not valid UTF-8");
  const Json context = Json::parse(context_json, nullptr, false);
  if (!context.is_object()) return fail(ErrorKind::invalid_input, who + ": the context is no JSON object");
  for (const auto& item : context.items()) {
    if (!is_name(item.key())) {
      return fail(ErrorKind::invalid_input,
                  who + ": the context has a name that no placeholder can have; names are letters, digits and '_'");
    }
  }
  return Renderer(name, text, context).run();
}

Result<std::string> skeleton_of(std::string_view text) {
  HclLexer lexer(text);
  std::string out;
  while (!lexer.done()) {
    const bool code = lexer.place() == Place::code;
    const std::size_t from = lexer.at();
    if (!lexer.advance()) return fail(ErrorKind::invalid_input, lexer.error());
    if (code && lexer.place() != Place::comment)
      out += text.substr(from, lexer.at() - from);
    else if (!code && lexer.place() == Place::code)
      out += '.';
  }
  if (!lexer.closed()) return fail(ErrorKind::invalid_input, lexer.error());
  return out;
}

}  // namespace stackscaler::stack
