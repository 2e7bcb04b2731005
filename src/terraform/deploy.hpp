// SPDX-License-Identifier: Apache-2.0
//
// Deploying: a new stack from a template, in the registry's folder <root>/<id>. Private to this component but for the
// request and the report.
//
// Law 1: nothing else creates a stack, and this creates only: the folder must not exist, the state must be empty, the
// plan may hold creations and reads alone. The order is law 5's: intent journalled, plan, judged, plan journalled,
// metadata, apply with the stack's lock, pid journalled, followed to its end, then the stack is taken in (adopt.hpp).
// The template declares the variable `instance_count`, by which the stack is sized from then on, or it uses
// {{ instance_count }}: it is kept in the registry folder then, and sizes the stack (sizing.hpp).
// Left behind: nothing if nothing was applied; else the folder as it is, and the error says what to do with it.
// Errors: StackExists, PlanRefused, InitFailed, PlanFailed, ApplyFailed … (policy/reasons.hpp). Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ports/stack_driver.hpp"
#include "terraform/follow.hpp"
#include "terraform/services.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

struct DeployRequest {
  std::string id;
  std::string template_name;  // for metadata and errors
  std::string template_text;
  std::string context = "{}";    // a JSON object
  std::optional<int> instances;  // else the context's instance_count
  std::string resource;          // empty: found when just one resource has a count
};

struct DeployReport {
  std::string id;
  std::filesystem::path folder;
  std::string summary;  // "create terraform_data.app[0]"
  bool deployed = false;
  int count = 0;
  std::string resource;
  std::vector<std::string> warnings;
};

class Deploy {
 public:
  // Without a permit it is a look: rendered, planned, and removed again.
  Deploy(Services& services, const ports::WritePermit* permit, DeployRequest request, ports::ProgressSink sink);
  ~Deploy();
  Deploy(const Deploy&) = delete;
  Deploy& operator=(const Deploy&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<DeployReport>> run();

 private:
  [[nodiscard]] Result<void> render();
  [[nodiscard]] Result<void> go_ahead() const;
  [[nodiscard]] boost::asio::awaitable<Result<void>> claim();
  [[nodiscard]] boost::asio::awaitable<Result<void>> prepare();
  [[nodiscard]] boost::asio::awaitable<Result<void>> check_empty();
  [[nodiscard]] boost::asio::awaitable<Result<void>> plan();
  [[nodiscard]] boost::asio::awaitable<Result<DeployReport>> look_or_apply();
  [[nodiscard]] boost::asio::awaitable<Result<void>> commit_to_apply();
  [[nodiscard]] boost::asio::awaitable<Result<DeployReport>> apply();
  [[nodiscard]] boost::asio::awaitable<Result<DeployReport>> take_in(Followed followed);
  [[nodiscard]] boost::asio::awaitable<Result<void>> journal();
  [[nodiscard]] boost::asio::awaitable<void> close(ports::Phase phase, std::string reason, std::string outcome);
  void tell(std::string phase);

  Services& s_;
  const ports::WritePermit* permit_;
  DeployRequest request_;
  ports::ProgressSink sink_;
  std::string main_tf_;
  bool uses_count_ = false;  // {{ instance_count }}
  std::string metadata_;
  Target target_;
  ports::OperationRecord record_;
  std::optional<OperationFolder> folder_;
  Descriptor lock_;
  DeployReport report_;
  bool claimed_ = false;
  Admission::Ticket slot_;
  bool made_ = false;     // the stack's folder is of this run
  bool applied_ = false;  // and stays
};

// What a plan holds beside creations and reads, and whatever else forbids to trust it; empty: none.
[[nodiscard]] std::vector<std::string> beyond_creation(const PlanStream& plan);
// "create a.b[0], a.b[1]".
[[nodiscard]] std::string creation_summary(const PlanStream& plan);

}  // namespace stackscaler::terraform
