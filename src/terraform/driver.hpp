// SPDX-License-Identifier: Apache-2.0
//
// TerraformDriver: the StackDriver that runs terraform or tofu on this machine.
//
// What it is: the port's contract kept with child processes, plus adopt(), deploy() and examine(). What it is not: a
// scheduler; it runs what it is asked to, plans and applies in the order of asking (terraform/admission.hpp).
// Cancellation: an operation that was begun is brought to its end even when its caller is cancelled meanwhile; to end
// early call stop(). Every wait has a deadline but the apply's, which is followed however long it takes (law 13).
// Threads: the loop's. Pool, clock, logger, random, registry and journal must outlive it; it must outlive its calls.
#pragma once

#include <memory>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/stack_driver.hpp"
#include "stack/registry.hpp"
#include "terraform/adopt.hpp"
#include "terraform/deploy.hpp"
#include "terraform/doctor.hpp"
#include "terraform/driver_options.hpp"

namespace stackscaler::terraform {

struct Services;

class TerraformDriver final : public ports::StackDriver {
 public:
  TerraformDriver(boost::asio::any_io_executor executor, BlockingPool& pool, Clock& clock, Logger& logger,
                  Random& random, const stack::Registry& registry, ports::Journal& journal, DriverOptions options);
  ~TerraformDriver() override;

  [[nodiscard]] boost::asio::awaitable<Result<ports::StackView>> observe(policy::StackRef stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<ports::PlanReport>> plan(policy::StackRef stack, int to) override;
  // `permit` must outlive the call.
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> scale(const ports::WritePermit& permit,
                                                                         ports::ScaleOrder order,
                                                                         ports::ProgressSink progress) override;
  [[nodiscard]] boost::asio::awaitable<Result<ports::OperationRecord>> recover(const ports::WritePermit& permit,
                                                                               ports::OperationRecord open,
                                                                               ports::ProgressSink progress) override;
  [[nodiscard]] boost::asio::awaitable<std::vector<ports::OperationRecord>> lost_operations() override;
  [[nodiscard]] boost::asio::awaitable<std::vector<std::string>> changed_stacks() override;
  [[nodiscard]] boost::asio::awaitable<Result<AdoptReport>> adopt(const ports::WritePermit& permit,
                                                                  AdoptRequest request);
  // Without a permit a look only. `permit` must outlive the call.
  [[nodiscard]] boost::asio::awaitable<Result<DeployReport>> deploy(const ports::WritePermit* permit,
                                                                    DeployRequest request,
                                                                    ports::ProgressSink progress);
  // Reads only, so it needs no permit.
  [[nodiscard]] boost::asio::awaitable<Result<DoctorReport>> examine(DoctorRequest request);
  void stop() override;
  void interrupt() override;

 private:
  boost::asio::awaitable<Result<ports::StackView>> look(policy::StackRef stack);
  boost::asio::awaitable<Result<ports::PlanReport>> plan_only(policy::StackRef stack, int to);
  std::unique_ptr<Services> services_;
};

}  // namespace stackscaler::terraform
