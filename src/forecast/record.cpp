// SPDX-License-Identifier: Apache-2.0
#include "forecast/record.hpp"

#include <fmt/core.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/digest.hpp"
#include "forecast/boot_time.hpp"

namespace stackscaler::forecast {
namespace {

constexpr std::string_view kMagic = "stackscaler-forecast ";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kDigits = 64;  // of a SHA-256

// Takes "name value\n" from the begin of `rest`.
std::optional<std::string_view> take(std::string_view& rest, std::string_view name) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || !rest.starts_with(name)) return std::nullopt;
  const std::string_view value = rest.substr(name.size(), end - name.size());
  rest.remove_prefix(end + 1);
  return value;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

std::optional<std::vector<Duration>> boots_of(std::string_view text) {
  std::vector<Duration> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const auto value = number(text.substr(0, end));
    const bool sound = value && *value >= 0 && *value <= Duration(BootTime::kLongest).count();
    if (!sound || out.size() >= BootTime::kKept) return std::nullopt;
    out.emplace_back(*value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::optional<std::vector<float>> needs_of(std::string_view bytes) {
  std::vector<float> out;
  out.reserve(bytes.size() / 4);
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t bits = 0;
    for (std::size_t i = 4; i-- > 0;) bits = (bits << 8U) | static_cast<unsigned char>(bytes[at + i]);
    const auto value = std::bit_cast<float>(bits);
    if (!std::isnan(value) && (!std::isfinite(value) || value < 0)) return std::nullopt;
    out.push_back(value);
  }
  return out;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::invalid_input, fmt::format("damaged: {}", what));
}

// All after the digest's line.
Result<Record> decode_body(std::string_view rest) {
  Record out;
  const auto basis = take(rest, "basis ");
  const auto boots = basis ? take(rest, "boots ") : std::nullopt;
  const auto first = boots ? take(rest, "first ") : std::nullopt;
  const auto minutes = first ? take(rest, "minutes ") : std::nullopt;
  if (!minutes) return damaged("its head is not complete");
  const auto durations = boots_of(*boots);
  const auto begin = number(*first);
  const auto count = number(*minutes);
  if (!durations) return damaged("its boot times are none");
  // Minutes of some thousand years fit, and arithmetic with them does not overflow.
  if (!begin || *begin < 0 || *begin > (std::int64_t{1} << 40U)) return damaged("its first minute is none");
  if (!count || *count < 0 || static_cast<std::uint64_t>(*count) > kMaxRecordMinutes) {
    return damaged("its number of minutes is none");
  }
  if (rest.size() != static_cast<std::size_t>(*count) * 4) return damaged("its length is not what its head says");
  auto needs = needs_of(rest);
  if (!needs) return damaged("a need in it is not a number of instances");
  out.basis = *basis;
  out.boots = *durations;
  out.past = Past{*begin, std::move(*needs)};
  return out;
}

}  // namespace

std::string encode(const Record& record) {
  std::string body = fmt::format("basis {}\nboots ", record.basis);
  std::string_view between;
  for (const Duration boot : record.boots) {
    body += fmt::format("{}{}", between, boot.count());
    between = " ";
  }
  body += fmt::format("\nfirst {}\nminutes {}\n", record.past.first, record.past.needs.size());
  body.reserve(body.size() + 4 * record.past.needs.size());
  for (const float need : record.past.needs) {
    const auto bits = std::bit_cast<std::uint32_t>(need);
    for (unsigned shift = 0; shift < 32; shift += 8) body += static_cast<char>((bits >> shift) & 0xffU);
  }
  return fmt::format("{}{}\nsha256 {}\n", kMagic, kVersion, sha256_hex(body)) + body;
}

Result<Record> decode(std::string_view bytes) {
  if (bytes.size() > kMaxRecordBytes) return fail(ErrorKind::invalid_input, "too large for the record of a forecast");
  const auto version = take(bytes, kMagic);
  if (!version) return fail(ErrorKind::invalid_input, "not the record of a forecast");
  if (*version != kVersion) {
    return fail(ErrorKind::invalid_input,
                fmt::format("of version {:.20}, and this program knows {}", *version, kVersion));
  }
  const auto digest = take(bytes, "sha256 ");
  if (!digest || digest->size() != kDigits || *digest != sha256_hex(bytes)) {
    return damaged("its checksum is another one");
  }
  return decode_body(bytes);
}

}  // namespace stackscaler::forecast
