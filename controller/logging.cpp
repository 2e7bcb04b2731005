// SPDX-License-Identifier: Apache-2.0
#include "controller/logging.hpp"

#include <fmt/core.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <nlohmann/json.hpp>

#include "async/clock.hpp"

namespace stackscaler::controller {
namespace {

// Control characters become \xNN, so that a value stays on its line.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out.append(fmt::format("\\x{:02x}", static_cast<unsigned char>(c)));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string quoted_if_needed(std::string_view text) {
  if (!text.empty() && text.find_first_of(" =\"\\") == std::string_view::npos) return printable(text);
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string_view field(std::span<const LogField> fields, std::string_view key) {
  for (const LogField& f : fields) {
    if (f.key == key) return f.value;
  }
  return {};
}

// The sentences that people and scripts know from the audit trail.
std::string sentence(std::string_view message, std::span<const LogField> fields) {
  const auto get = [&](std::string_view key) { return printable(field(fields, key)); };
  if (message == "reconciled") {
    return fmt::format("Stack {}: Action={}, Current={}, Target={}, Confidence={} ({}: {})", get("stack"),
                       get("action"), get("current"), get("target"), get("confidence"), get("reason"), get("message"));
  }
  if (message == "scaled") {
    return fmt::format("Stack {}: Successfully scaled from {} to {} instances ({})", get("stack"), get("from"),
                       get("to"), get("plan"));
  }
  if (message == "found") return fmt::format("Found {} active stack(s)", get("stacks"));
  std::string out = printable(message);
  for (const LogField& f : fields) {
    if (!f.value.empty()) out.append(" ").append(f.key).append("=").append(quoted_if_needed(f.value));
  }
  return out;
}

std::string json_line(WallTime time, LogLevel level, std::string_view message, std::span<const LogField> fields) {
  nlohmann::ordered_json line{{"time", format_rfc3339_ms(time)}, {"level", to_string(level)}, {"msg", message}};
  for (const LogField& f : fields) {
    if (f.number && nlohmann::json::accept(f.value)) {
      line[std::string(f.key)] = nlohmann::json::parse(f.value);
    } else {
      line[std::string(f.key)] = f.value;
    }
  }
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(LogFormat format, LogLevel level)
      : format_(format), level_(level), out_("stackscaler", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    out_.set_pattern("%v");
    out_.set_level(spdlog::level::trace);
    out_.flush_on(spdlog::level::trace);
  }

  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= level_; }

  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    if (!enabled(level)) return;
    const std::string line = format_line(format_, system_wall_time(), level, message, fields);
    out_.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  LogFormat format_;
  LogLevel level_;
  spdlog::logger out_;
};

}  // namespace

std::string format_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                        std::span<const LogField> fields) {
  if (format == LogFormat::json) return json_line(time, level, message, fields);
  if (format == LogFormat::text) {
    return fmt::format("{} {:<5} {}", format_rfc3339(time), to_string(level), sentence(message, fields));
  }
  std::string line =
      fmt::format("time={} level={} msg={}", format_rfc3339_ms(time), to_string(level), quoted_if_needed(message));
  for (const LogField& f : fields) line.append(" ").append(f.key).append("=").append(quoted_if_needed(f.value));
  return line;
}

std::unique_ptr<Logger> make_logger(LogFormat format, LogLevel level) {
  return std::make_unique<SpdlogLogger>(format, level);
}

}  // namespace stackscaler::controller
