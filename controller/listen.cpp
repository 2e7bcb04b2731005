// SPDX-License-Identifier: Apache-2.0
#include "controller/listen.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "base/files.hpp"

namespace stackscaler::controller {
namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kLongestToken = 4096;

Result<ListenPlan> parse_address(const std::string& text) {
  const auto bad = [&] {
    return fail(ErrorKind::invalid_input,
                "--listen: '" + text + "' is not ADDRESS:PORT, such as 127.0.0.1:8008 or [::1]:8008, and not off");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad();
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  boost::system::error_code ec;
  const auto parsed = boost::asio::ip::make_address(address, ec);
  if (ec || (parsed.is_v6() && text.front() != '[')) return bad();
  ListenPlan out;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (failed != std::errc{} || stop != end) return bad();
  out.address = parsed.to_string();
  out.loopback = parsed.is_loopback();
  return out;
}

Result<Secret> read_token(const Options& options) {
  if (options.token_file.empty()) return options.token;
  auto text = read_file(options.token_file, kLongestToken);
  if (!text) return fail(std::move(text).error().with_context("--token-file"));
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return Secret(std::move(*text));
}

Result<void> check_token(const Secret& token, const std::string& origin) {
  const std::string& text = token.reveal();
  if (text.size() < kShortestToken) {
    return fail(ErrorKind::invalid_input,
                origin + ": the token has fewer than 16 characters; make one with: openssl rand -hex 32");
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return fail(ErrorKind::invalid_input,
                origin +
                    ": the token has a space or a character that is no visible ASCII; make one with: openssl rand "
                    "-hex 32");
  }
  return {};
}

}  // namespace

Result<std::optional<ListenPlan>> plan_listen(const Options& options) {
  if (options.listen == "off") return std::optional<ListenPlan>();
  auto plan = parse_address(options.listen);
  if (!plan) return fail(std::move(plan).error());
  auto token = read_token(options);
  if (!token) return fail(std::move(token).error());
  const bool named = !options.token_file.empty() || !token->empty();
  if (named) {
    const std::string origin = options.token_file.empty() ? "STACKSCALER_TOKEN" : "--token-file";
    if (auto good = check_token(*token, origin); !good) return fail(std::move(good).error());
  }
  if (!plan->loopback && token->empty()) {
    return fail(ErrorKind::invalid_input,
                "--listen " + options.listen +
                    " is reachable from other machines, and without a token anybody there could read and nobody could "
                    "be told apart: give --token-file (or STACKSCALER_TOKEN), or listen on 127.0.0.1");
  }
  plan->token = std::move(*token);
  return std::optional<ListenPlan>(std::move(*plan));
}

}  // namespace stackscaler::controller
