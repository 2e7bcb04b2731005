// SPDX-License-Identifier: Apache-2.0
//
// What the driver's operations share: the program's services, the tool, and who runs now. Private to this component.
// Threads: the loop's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "async/slots.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/journal.hpp"
#include "stack/registry.hpp"
#include "terraform/admission.hpp"
#include "terraform/backend.hpp"
#include "terraform/driver_options.hpp"
#include "terraform/folder.hpp"
#include "terraform/tool.hpp"

namespace stackscaler::terraform {

// A local state file whose change is noticed.
struct WatchedState {
  std::filesystem::path file;
  FileStamp stamp;
  SteadyTime observed{};
};

struct Services {
  boost::asio::any_io_executor executor;
  BlockingPool& pool;
  Clock& clock;
  Logger& log;
  Random& random;
  const stack::Registry& registry;
  ports::Journal& journal;
  DriverOptions options;
  Tool tool;
  std::unique_ptr<Admission> admission;  // plans and applies
  Slots init_slots;                      // one init at a time: a shared plugin cache can't bear two
  bool stopping = false;
  std::vector<ChildProcess*> plans{};            // interrupted by stop()
  std::vector<ChildProcess*> applies{};          // interrupted by interrupt() only
  std::set<std::string> busy{};                  // stacks that change now
  std::map<std::string, WatchedState> stamps{};  // by stack: its state file as it was last seen
};

}  // namespace stackscaler::terraform
