// SPDX-License-Identifier: Apache-2.0
//
// Program: the composition root, the one place that knows every concrete type.
//
// It builds the parts that a command needs and owns them in the order in which they depend on one another. Threads:
// everything runs on `io`; the pool only blocks on behalf of it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "async/task_group.hpp"
#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "controller/advisors.hpp"
#include "controller/cluster.hpp"
#include "controller/implicit.hpp"
#include "controller/options.hpp"
#include "controller/reconciler.hpp"
#include "http/client.hpp"
#include "journal/sqlite_journal.hpp"
#include "metrics/prometheus_source.hpp"
#include "ports/gate.hpp"
#include "ports/stack_driver.hpp"
#include "source/file_source.hpp"
#include "source/file_status_writer.hpp"
#include "stack/registry.hpp"
#include "terraform/driver.hpp"

namespace stackscaler::controller {

// Held by one `run` per data folder: it alone brings open operations to their end.
class DataLock {
 public:
  // `conflict` when another process holds it.
  [[nodiscard]] static Result<DataLock> take(const std::filesystem::path& data);

 private:
  explicit DataLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

// The server of --prometheus-url and how to be let in.
[[nodiscard]] Result<metrics::Endpoint> process_endpoint(const Options& options);

class Program {
 public:
  // Fails with a sentence for the person at the terminal.
  [[nodiscard]] static Result<std::unique_ptr<Program>> make(const Options& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Runs one coroutine to its end, and what else is on the loop meanwhile.
  void run(boost::asio::awaitable<void> task);

  // The parts that only the loop's commands need.
  [[nodiscard]] Result<void> add_policies();
  // Null when every stack has to be named by a policy.
  [[nodiscard]] std::unique_ptr<ImplicitPolicies> make_implicit(ports::PolicySink& next);
  [[nodiscard]] std::unique_ptr<Reconciler> make_reconciler(bool write_status);

  // The program that changes stacks: what was named, else terraform or tofu.
  [[nodiscard]] std::string terraform_name() const;

  Options options;
  std::unique_ptr<Logger> logger;
  boost::asio::io_context io{1};
  SystemClock clock{io.get_executor()};
  BlockingPool pool{2};
  Random random;
  stack::Registry registry;
  ports::Gate gate;
  std::unique_ptr<journal::SqliteJournal> journal;
  terraform::TerraformDriver* terraform = nullptr;  // null in a rehearsal
  std::unique_ptr<ports::StackDriver> driver;
  std::optional<http::Client> client;
  std::unique_ptr<metrics::PrometheusSource> metrics;
  std::unique_ptr<Advisors> advisors;
  source::PolicyIndex index;
  std::unique_ptr<source::FileSource> source;  // null without --policies
  std::unique_ptr<source::FileStatusWriter> status;
  std::unique_ptr<Cluster> cluster;  // null unless policies come from one

 private:
  Program(const Options& options, std::unique_ptr<Logger> logger, journal::Store store);
  [[nodiscard]] Result<void> add_cluster();
  [[nodiscard]] http::Client& http_client();  // made when it is first needed
};

}  // namespace stackscaler::controller
