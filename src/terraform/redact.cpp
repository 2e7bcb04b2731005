// SPDX-License-Identifier: Apache-2.0
#include "terraform/redact.hpp"

#include <algorithm>
#include <array>

namespace stackscaler::terraform {
namespace {

constexpr std::size_t kLeast = 4;
constexpr std::size_t kLeastLine = 8;

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }
  return out;
}

}  // namespace

void Redactor::keep(std::string value, std::size_t least) {
  constexpr std::array<std::string_view, 4> kWords{"true", "false", "null", "default"};
  if (value.size() < least || std::find(kWords.begin(), kWords.end(), value) != kWords.end()) return;
  if (std::find(values_.begin(), values_.end(), value) != values_.end()) return;
  values_.push_back(std::move(value));
  // The longest first: a value that holds another one goes as a whole.
  std::sort(values_.begin(), values_.end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
}

void Redactor::add(std::string_view value) {
  keep(std::string(value), kLeast);
  keep(one_line(value, value.size() + 1), kLeast);
  keep(percent_encoded(value), kLeast);
  if (value.find('\n') == std::string_view::npos) return;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find('\n'), value.size());
    keep(one_line(value.substr(0, end), end + 1), kLeastLine);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

std::string Redactor::operator()(std::string_view text) const {
  std::string out(text);
  for (const std::string& value : values_) {
    for (std::size_t at = out.find(value); at != std::string::npos; at = out.find(value, at)) {
      out.replace(at, value.size(), kRedacted);
      at += kRedacted.size();
    }
  }
  return out;
}

void Redactor::apply(PlanStream& stream) const {
  if (empty()) return;
  for (Diagnostic& diagnostic : stream.diagnostics) {
    for (std::string* text : {&diagnostic.summary, &diagnostic.detail, &diagnostic.address, &diagnostic.location}) {
      *text = (*this)(*text);
    }
  }
}

}  // namespace stackscaler::terraform
