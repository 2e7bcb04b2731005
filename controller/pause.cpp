// SPDX-License-Identifier: Apache-2.0
#include "controller/pause.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace stackscaler::controller {
namespace {

constexpr std::size_t kMaxBytes = 4096;
constexpr std::size_t kMaxShown = 200;

std::string text_of(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return {};
  std::string text = found->get<std::string>().substr(0, kMaxShown);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

std::string Pause::sentence() const {
  std::string out = "stopped by " + (by.empty() ? std::string("the file pause in the data folder") : by);
  if (since) out += " since " + format_rfc3339(*since);
  if (!reason.empty()) out += ": " + reason;
  return out;
}

std::optional<Pause> PauseFile::look() const {
  std::error_code ec;
  const auto status = std::filesystem::status(path_, ec);
  if (status.type() == std::filesystem::file_type::not_found) return std::nullopt;
  Pause pause;
  if (ec) {
    pause.by = "the file " + path_.string() + ", which can't be looked at (" + ec.message() + ")";
    return pause;
  }
  if (status.type() != std::filesystem::file_type::regular) return pause;
  const auto text = read_file(path_, kMaxBytes);
  if (!text) {
    // It may have gone in between.
    if (std::filesystem::status(path_, ec).type() == std::filesystem::file_type::not_found) return std::nullopt;
    return pause;
  }
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return pause;
  pause.by = text_of(json, "by");
  pause.reason = text_of(json, "reason");
  if (const auto since = parse_rfc3339(text_of(json, "since"))) pause.since = *since;
  return pause;
}

Result<void> PauseFile::set(const Pause& pause) const {
  nlohmann::ordered_json json{{"by", pause.by}, {"reason", pause.reason.substr(0, kMaxShown)}};
  if (pause.since) json["since"] = format_rfc3339(*pause.since);
  const std::string text = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  return write_file_atomic(path_, text, 0644);
}

Result<bool> PauseFile::clear() const {
  std::error_code ec;
  const bool removed = std::filesystem::remove(path_, ec);
  if (ec) return fail(ErrorKind::unavailable, "cannot remove " + path_.string() + ": " + ec.message());
  return removed;
}

}  // namespace stackscaler::controller
