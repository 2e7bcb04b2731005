// SPDX-License-Identifier: Apache-2.0
//
// Following an apply to its end, our child or one that an earlier run of the program has left: the stream file grows,
// progress is told, and nothing is signalled (law 13). Private to this component. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>

#include "ports/stack_driver.hpp"
#include "terraform/process.hpp"
#include "terraform/services.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {

// The stream so far, read in pieces as the file grows.
class StreamTail {
 public:
  explicit StreamTail(std::filesystem::path file) : file_(std::move(file)) {}
  // Reads what is new. Blocking, bounded by the parser's own limits.
  void read();
  // After the writer's end: reads the rest; a last line without an end counts as torn.
  void finish();
  [[nodiscard]] const PlanStream& stream() const { return parser_.stream(); }

 private:
  std::filesystem::path file_;
  std::size_t offset_ = 0;
  StreamParser parser_;
};

class LockWatch;

struct Followed {
  ExitStatus exit;
  PlanStream stream;
};

[[nodiscard]] boost::asio::awaitable<Followed> follow(Services& services, ChildProcess& child,
                                                      std::filesystem::path stream_file,
                                                      ports::OperationProgress progress, ports::ProgressSink sink,
                                                      LockWatch* watch = nullptr);

}  // namespace stackscaler::terraform
