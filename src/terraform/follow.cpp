// SPDX-License-Identifier: Apache-2.0
#include "terraform/follow.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "policy/reasons.hpp"
#include "terraform/own_lock.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;

void StreamTail::read() {
  const Descriptor file(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return;
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t n = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset_));
    if (n <= 0) return;
    offset_ += static_cast<std::size_t>(n);
    parser_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  }
}

void StreamTail::finish() {
  read();
  parser_.finish();
}

asio::awaitable<Followed> follow(Services& services, ChildProcess& child, std::filesystem::path stream_file,
                                 ports::OperationProgress progress, ports::ProgressSink sink, LockWatch* watch) {
  const auto tail = std::make_shared<StreamTail>(std::move(stream_file));
  const SteadyTime begun = services.clock.steady_now();
  Duration report_at = services.options.apply_overdue;
  bool overdue = false;
  for (;;) {
    const bool ended = co_await child.wait_for(services.clock, services.options.follow_interval);
    auto read = [tail, ended] {
      ended ? tail->finish() : tail->read();
      return true;
    };
    (void)co_await offload(services.pool, std::move(read));
    const auto elapsed = std::chrono::duration_cast<Duration>(services.clock.steady_now() - begun);
    if (!ended && elapsed >= report_at) {
      overdue = true;
      report_at += services.options.apply_overdue;
      services.log.warn("apply is overdue, it is followed and not signalled",
                        kv("reason", policy::reason::kApplyOverdue), kv("operation", progress.id),
                        kv("pid", child.id().pid), kv("since", format_rfc3339(progress.since)));
    }
    std::string text = progress_text(tail->stream());
    if (overdue && !ended) text += (text.empty() ? "" : ", ") + std::string(policy::reason::kApplyOverdue);
    if (sink && text != progress.progress) {
      progress.progress = std::move(text);
      sink(progress);
    }
    if (!ended) {
      if (watch != nullptr) co_await watch->look(tail->stream());
      continue;
    }
    Followed followed;
    followed.exit = child.status();
    followed.stream = tail->stream();
    co_return followed;
  }
}

}  // namespace stackscaler::terraform
