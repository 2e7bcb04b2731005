// SPDX-License-Identifier: Apache-2.0
#include "advisor/detail/answer_object.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "advisor/validate.hpp"

namespace stackscaler::advisor::detail {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorKind::invalid_input, std::move(why));
}

// One pair of outermost braces after another. Braces within JSON strings don't count; outside of braces everything is
// prose.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // The one group, or why there is none.
  [[nodiscard]] Result<std::string_view> only_group() {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (depth_ == 0 && c == '}') return refuse("the answer has a closing brace without an opening one");
      if (in_string_) {
        step_in_string(c);
      } else if (depth_ > 0 && c == '"') {
        in_string_ = true;
      } else if (c == '{' || (depth_ > 0 && c == '[')) {
        if (depth_ == 0 && ++groups_ > 1) return refuse("the answer holds more than one JSON object");
        if (depth_ == 0) begin_ = i;
        if (++depth_ > kMaxDepth) return refuse("the answer is nested too deeply");
      } else if (depth_ > 0 && (c == '}' || c == ']')) {
        if (--depth_ == 0) group_ = text_.substr(begin_, i + 1 - begin_);
      }
    }
    if (depth_ > 0) return refuse("the answer is cut off: a JSON object is not closed");
    if (groups_ == 0) return refuse("the answer holds no JSON object");
    return group_;
  }

 private:
  void step_in_string(char c) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
  }

  std::string_view text_;
  std::string_view group_;
  std::size_t begin_ = 0;
  int depth_ = 0;
  int groups_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

// Parses with an eye on keys that come twice, which the library would silently drop.
Result<Json> parse_object(std::string_view text) {
  std::vector<std::set<std::string>> keys(static_cast<std::size_t>(kMaxDepth) + 2);
  bool twice = false;
  const Json::parser_callback_t look = [&](int depth, Json::parse_event_t event, Json& parsed) {
    // A key's depth is that of its object plus one; an object's is that of where it stands.
    const auto at = static_cast<std::size_t>(std::clamp(depth, 0, kMaxDepth));
    if (event == Json::parse_event_t::object_start) keys[at + 1].clear();
    if (event == Json::parse_event_t::key && !keys[at].insert(parsed.get<std::string>()).second) twice = true;
    return true;
  };
  Json object = Json::parse(text, look, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object()) return refuse("the answer's braces hold no valid JSON");
  if (twice) return refuse("the answer names a field twice");
  return object;
}

Field field_of(const Json& object, const char* name) {
  Field out;
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return out;
  if (found->is_number()) {
    out.kind = Field::Kind::number;
    out.number = found->get<double>();
  } else if (found->is_string()) {
    out.kind = Field::Kind::text;
    out.text = found->get<std::string>();
  } else {
    out.kind = Field::Kind::other;
  }
  return out;
}

bool only_space(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

Result<AnswerObject> answer_object(std::string_view raw) {
  if (raw.size() > kMaxAnswer) return refuse(fmt::format("the answer is longer than {} bytes", kMaxAnswer));
  const auto group = Scanner(raw).only_group();
  if (!group) return fail(group.error());
  const auto object = parse_object(*group);
  if (!object) return fail(object.error());
  AnswerObject out;
  out.action = field_of(*object, "action");
  out.target = field_of(*object, "target");
  out.confidence = field_of(*object, "confidence");
  out.reason = field_of(*object, "reason");
  for (const auto& [name, value] : object->items()) {
    if (name != "action" && name != "target" && name != "confidence" && name != "reason") ++out.others;
  }
  const auto before = static_cast<std::size_t>(group->data() - raw.data());
  out.bare = only_space(raw.substr(0, before)) && only_space(raw.substr(before + group->size()));
  return out;
}

}  // namespace stackscaler::advisor::detail
