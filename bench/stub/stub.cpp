// SPDX-License-Identifier: Apache-2.0
#include "stub.hpp"

#include <fmt/core.h>

namespace stackscaler::bench {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kSecondsKept = 3600;

std::string sample(std::string_view value) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return fmt::format(
      R"({{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[{:.3f},"{}"]}}]}}}})",
      now, value);
}

bool holds(std::string_view text, std::string_view plain, std::string_view encoded) {
  return text.find(encoded) != std::string_view::npos || text.find(plain) != std::string_view::npos;
}

}  // namespace

Stub::Stub(double value, int instances)
    : value_answer_(sample(fmt::format("{}", value))), instances_answer_(sample(std::to_string(instances))) {}

asio::awaitable<http::Response> Stub::answer(http::IncomingRequest request) {
  if (request.path == "/stats") co_return stats();
  if (request.path == "/-/ready") co_return http::Response(200, "text/plain", "ready\n");
  if (!request.path.ends_with("/api/v1/query")) co_return http::Response(404, "text/plain", "no such path\n");
  count();
  const std::string& asked = request.query.empty() ? request.body : request.query;
  if (holds(asked, "timestamp(", "timestamp%28")) {
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    co_return http::Response(200, "application/json", sample(fmt::format("{:.3f}", now)));
  }
  const bool counts = holds(asked, "count(up{", "count%28up%7B");
  co_return http::Response(200, "application/json", counts ? instances_answer_ : value_answer_);
}

void Stub::count() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (queries_++ == 0) first_ = now;
  const auto second = static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(now - first_).count());
  if (second >= kSecondsKept) return;
  if (per_second_.size() <= second) per_second_.resize(second + 1);
  ++per_second_[second];
}

http::Response Stub::stats() const {
  const http::ServerStats server = server_ == nullptr ? http::ServerStats() : server_->stats();
  std::string body =
      fmt::format(R"({{"queries":{},"requests":{},"connections":{},"open_connections":{},"per_second":[)", queries_,
                  server.requests, server.connections, server.open);
  for (std::size_t i = 0; i < per_second_.size(); ++i) {
    if (i != 0) body += ',';
    body += std::to_string(per_second_[i]);
  }
  body += "]}\n";
  return http::Response(200, "application/json", std::move(body));
}

}  // namespace stackscaler::bench
