// SPDX-License-Identifier: Apache-2.0
//
// ClusterWorld: a controller whose policies are custom resources of a real API server: real Terraform, a real
// Prometheus, and as many replicas of the program as a test starts, under the rights that manifests/ ships.
//
// The server is the test program's one; each world has a namespace, a Lease and a ConfigMap of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "e2e/process.hpp"
#include "e2e/world.hpp"
#include "support/kube_server.hpp"

namespace stackscaler::e2e {

class ClusterWorld {
 public:
  // Throws where something can't be set up. `count`: of the stack `web`; absent: no stack.
  explicit ClusterWorld(std::optional<int> count = 1);
  ClusterWorld(const ClusterWorld&) = delete;
  ClusterWorld& operator=(const ClusterWorld&) = delete;

  // What is missing on this machine, for GTEST_SKIP, or "".
  [[nodiscard]] static std::string missing();

  [[nodiscard]] test::KubeServer& server() const { return test::KubeServer::shared(); }
  [[nodiscard]] const std::string& space() const { return space_; }  // the policies' namespace

  // A valid policy for the stack; `more` is put under spec.
  [[nodiscard]] std::string policy(const std::string& more = "", const std::string& name = "web") const;
  // kubectl as the administrator, in the namespace; throws when it fails.
  std::string kubectl(const std::vector<std::string>& arguments, const std::string& input = "") const;
  [[nodiscard]] test::KubectlRun try_kubectl(const std::vector<std::string>& arguments,
                                             const std::string& input = "") const;
  void apply(const std::string& yaml) const { kubectl({"apply", "-f", "-"}, yaml); }
  // jsonpath of the policy, "" where there is nothing.
  [[nodiscard]] std::string get(const std::string& path, const std::string& name = "web") const;
  [[nodiscard]] std::string condition(const std::string& type, const std::string& field,
                                      const std::string& name = "web") const;
  // The reasons of the policy's events.
  [[nodiscard]] std::string events(const std::string& name = "web") const;

  // `stackscaler run` as a replica with a data folder of its own.
  Process& start(const std::string& replica = "a", const std::vector<std::string>& arguments = {"--enable"});
  [[nodiscard]] std::string log(const std::string& replica = "a") const;
  [[nodiscard]] bool eventually(const std::function<bool()>& condition) const;
  [[nodiscard]] bool always_for(double seconds, const std::function<bool()>& condition) const;

  // Of the stack `web`, from its state.
  [[nodiscard]] int count() const;
  [[nodiscard]] std::filesystem::path stack_folder() const { return dir_ / "stacks" / space_ / "web"; }
  [[nodiscard]] std::filesystem::path folder() const { return dir_.path(); }
  [[nodiscard]] const std::string& lease() const { return lease_; }
  [[nodiscard]] const std::string& pause_map() const { return pause_; }
  static constexpr const char* kHome = "stackscaler-system";  // of the shipped manifests

  LoadTarget load;
  test::PrometheusProcess prometheus;

 private:
  void install() const;
  void add_stack(int count);

  test::TempDir dir_;
  std::string space_;
  std::string lease_;
  std::string pause_;
  std::string kubeconfig_;
  std::map<std::string, std::unique_ptr<Process>> replicas_;
};

}  // namespace stackscaler::e2e
