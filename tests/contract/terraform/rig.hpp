// SPDX-License-Identifier: Apache-2.0
//
// Rig: a real stack, a driver over it and everything a driver needs, for contract tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "async/clock.hpp"
#include "support/fake_journal.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"
#include "support/terraform_stack.hpp"
#include "terraform/driver.hpp"

namespace stackscaler::test {

// All that a driver stands on. `data` and `registry_root` may be shared with another Host, as after a restart.
struct Host {
  Host(const std::filesystem::path& data, const std::filesystem::path& registry_root,
       terraform::DriverOptions options = {})
      : registry(registry_root),
        driver(io.get_executor(), pool, clock, log, random, registry, journal, with(options, data)) {}
  ~Host() { pool.join(); }

  Result<ports::ScaleReport> scale(int to, const std::string& id = "web") {
    ports::ScaleOrder order;
    order.stack = ref(id);
    order.to = to;
    order.requested_by = "test";
    order.reason = "AboveThreshold";
    order.message = "cpu is high";
    return run(io, driver.scale(permit, std::move(order), [this](const ports::OperationProgress& p) {
      progress.push_back(p.phase + (p.progress.empty() ? "" : ": " + p.progress));
    }));
  }
  Result<ports::StackView> observe() { return run(io, driver.observe(ref("web"))); }
  Result<terraform::AdoptReport> adopt(terraform::AdoptRequest request) {
    return run(io, driver.adopt(permit, std::move(request)));
  }
  static policy::StackRef ref(const std::string& id) {
    policy::StackRef stack;
    stack.id = id;
    return stack;
  }
  static terraform::DriverOptions with(terraform::DriverOptions options, const std::filesystem::path& data) {
    options.data = data;
    options.lock_timeout = std::chrono::seconds(2);
    options.pull_pause = std::chrono::milliseconds(20);
    options.follow_interval = std::chrono::milliseconds(50);
    return options;
  }

  boost::asio::io_context io;
  BlockingPool pool{2};
  SystemClock clock{io.get_executor()};
  MemoryLog log;
  Random random{std::random_device{}()};
  FakeJournal journal;
  stack::Registry registry;
  terraform::TerraformDriver driver;
  ports::Gate gate{ports::GateSettings{true, false, false}};
  ports::WritePermit permit = gate.permit(ports::WriteRequest{}).value();
  ports::WritePermit recovery = gate.permit(ports::WriteRequest{ports::Origin::recovery}).value();
  std::vector<std::string> progress;
};

// One adopted stack named "web".
struct Rig {
  explicit Rig(int count, const std::string& main_tf = counted_stack(), terraform::DriverOptions options = {})
      : stack(count, main_tf), host(home / "data", home / "stacks", std::move(options)) {
    std::filesystem::create_directories(home / "data");
    terraform::AdoptRequest request;
    request.folder = stack.folder();
    request.id = "web";
    request.resource = "terraform_data.app";
    auto adopted = host.adopt(std::move(request));
    if (!adopted) throw std::runtime_error("adopt: " + adopted.error().message());
  }
  [[nodiscard]] stack::Metadata metadata() const { return host.registry.load("web").value().metadata; }

  TempDir home;
  TerraformStack stack;
  Host host;
};

}  // namespace stackscaler::test

#define STK_NEED_TERRAFORM() \
  if (const std::string missing = stackscaler::test::terraform_missing(); !missing.empty()) GTEST_SKIP() << missing
