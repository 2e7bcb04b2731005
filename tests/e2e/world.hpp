// SPDX-License-Identifier: Apache-2.0
//
// World: everything of a small installation but the cloud: a real Terraform stack, a real Prometheus that scrapes a
// target whose value the test sets, a folder of policies, and the program itself as a process of its own.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "e2e/process.hpp"
#include "support/prometheus_process.hpp"
#include "support/temp_dir.hpp"
#include "support/terraform_stack.hpp"
#include "support/threaded_server.hpp"

namespace stackscaler::e2e {

// A scrape target on a thread of its own: test_cpu{stack="web"} has the value last set.
class LoadTarget {
 public:
  LoadTarget();
  LoadTarget(const LoadTarget&) = delete;
  LoadTarget& operator=(const LoadTarget&) = delete;

  void set(double value) { value_ = value; }
  [[nodiscard]] std::string address() const { return server_.address(); }

 private:
  std::atomic<double> value_{50};
  test::ThreadedServer server_;
};

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class World {
 public:
  // Starts target and Prometheus, creates the stack with `count` instances and adopts it as `web`.
  explicit World(int count, const std::string& main_tf = test::counted_stack());
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // What is missing on this machine, for GTEST_SKIP, or "".
  [[nodiscard]] static std::string missing();

  void write_policy(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read_policy(const std::string& name) const;
  // A valid policy for stack web that looks every second; `more` is put under spec.
  [[nodiscard]] static std::string policy(const std::string& bounds = "{ min: 1, max: 3 }",
                                          const std::string& more = "");

  // Adopts one more stack.
  [[nodiscard]] Outcome adopt(const test::TerraformStack& other, const std::string& id) const;

  // A command to its end.
  [[nodiscard]] Outcome command(const std::vector<std::string>& arguments) const;

  // `stackscaler run` in the background with these arguments beside the usual ones.
  void start(const std::vector<std::string>& arguments = {"--enable"});
  void signal(int number) const;
  // The exit code, or 128 + signal; waits at most 60 s.
  int wait_for_exit();
  [[nodiscard]] std::string log() const;

  // Waits until the condition holds; false after 60 s (and the log is printed).
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) const;
  // True if the condition holds for that many seconds.
  [[nodiscard]] bool always_for(double seconds, const std::function<bool()>& condition) const;

  // A value of the policy's status by its path, e.g. "lastDecision.reason", or "" when there is none. Conditions by
  // type: "Ready.status", "Ready.reason", "Ready.message".
  [[nodiscard]] std::string status(const std::string& policy, const std::string& path) const;
  // Index -> id of the instances in the state. Terraform rewrites the file in place, so a torn read is read again.
  [[nodiscard]] std::map<int, std::string> ids() const;
  [[nodiscard]] int count() const { return static_cast<int>(ids().size()); }
  [[nodiscard]] std::filesystem::path policies() const { return dir_ / "policies"; }
  [[nodiscard]] std::filesystem::path data() const { return dir_ / "data"; }
  [[nodiscard]] std::string metadata() const;

  LoadTarget load;
  test::PrometheusProcess prometheus;
  test::TerraformStack stack;

 private:
  [[nodiscard]] std::vector<std::string> common() const;

  test::TempDir dir_;
  std::unique_ptr<Process> process_;
};

}  // namespace stackscaler::e2e
