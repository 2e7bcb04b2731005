// SPDX-License-Identifier: Apache-2.0
//
// Stub: the part of Prometheus' API that a benchmark needs: every instant query has an answer at once.
//
// A query for a time stamp (one that holds "timestamp(") is answered with now, one that counts `up` with the number of
// instances, any other with the value. What it is not: an evaluator of PromQL. /stats tells how many queries came, and
// in which second after the first one they came. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "http/server.hpp"

namespace stackscaler::bench {

class Stub {
 public:
  Stub(double value, int instances);

  [[nodiscard]] boost::asio::awaitable<http::Response> answer(http::IncomingRequest request);
  // Where /stats takes the connections from; the server must outlive the stub's last answer.
  void watch(const http::Server& server) { server_ = &server; }
  [[nodiscard]] std::uint64_t queries() const { return queries_; }

 private:
  void count();
  [[nodiscard]] http::Response stats() const;

  std::string value_answer_;
  std::string instances_answer_;
  const http::Server* server_ = nullptr;
  std::uint64_t queries_ = 0;
  SteadyTime first_{};
  std::vector<std::uint32_t> per_second_;  // since the first query, at most an hour
};

}  // namespace stackscaler::bench
