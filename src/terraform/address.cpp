// SPDX-License-Identifier: Apache-2.0
#include "terraform/address.hpp"

#include <charconv>
#include <utility>
#include <vector>

namespace stackscaler::terraform {
namespace {

// One dotted step: a name and at most one key in brackets.
struct Step {
  std::string_view name;
  std::string_view key;  // with the brackets; empty: none
};

// The end of a key that starts at `from`: the position after ']'. Quoted keys may hold brackets and escaped quotes.
std::optional<std::size_t> key_end(std::string_view text, std::size_t from) {
  bool quoted = false;
  for (std::size_t i = from + 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ']' && !quoted) {
      return i + 1;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<Step>> split(std::string_view text) {
  std::vector<Step> steps;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t name_end = std::min(text.find_first_of(".[", at), text.size());
    if (name_end == at) return std::nullopt;
    Step step{text.substr(at, name_end - at), {}};
    at = name_end;
    if (at < text.size() && text[at] == '[') {
      const auto end = key_end(text, at);
      if (!end) return std::nullopt;
      step.key = text.substr(at, *end - at);
      at = *end;
    }
    steps.push_back(step);
    if (at == text.size()) return steps;
    if (text[at] != '.' || at + 1 == text.size()) return std::nullopt;
    ++at;
  }
  return std::nullopt;
}

std::optional<int> integer_key(std::string_view key) {
  if (key.size() < 3) return std::nullopt;
  int value = 0;
  const char* const end = key.data() + key.size() - 1;
  const auto [stop, ec] = std::from_chars(key.data() + 1, end, value);
  if (ec != std::errc{} || stop != end || value < 0) return std::nullopt;
  return value;
}

// module.a.module.b.[data.]type.name: how many steps are module path and which step is the type.
bool find_type(const std::vector<Step>& steps, Address& address, std::size_t& type_at) {
  std::size_t at = 0;
  while (at + 1 < steps.size() && steps[at].name == "module" && steps[at].key.empty()) at += 2;
  if (at < steps.size() && steps[at].name == "data" && steps[at].key.empty()) {
    address.data = true;
    ++at;
  }
  type_at = at;
  return at + 2 == steps.size() && steps[at].key.empty();
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const auto steps = split(text);
  if (!steps) return std::nullopt;
  Address address;
  std::size_t type_at = 0;
  if (!find_type(*steps, address, type_at)) return std::nullopt;
  address.type = std::string((*steps)[type_at].name);
  int indexes = 0;
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const Step& step = (*steps)[i];
    if (i != 0) address.base.push_back('.');
    address.base.append(step.name);
    if (const auto index = integer_key(step.key)) {
      ++indexes;
      address.index = index;
      address.index_in_module = i < type_at;
    } else {
      address.base.append(step.key);
    }
  }
  if (indexes > 1) {
    address.several_indexes = true;
    address.index.reset();
  }
  return address;
}

bool address_before(const std::string& left, const std::string& right) {
  const auto a = parse_address(left);
  const auto b = parse_address(right);
  if (!a || !b) return !a && (b || left < right);
  return std::pair(a->base, a->index.value_or(-1)) < std::pair(b->base, b->index.value_or(-1));
}

}  // namespace stackscaler::terraform
