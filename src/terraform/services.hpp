// SPDX-License-Identifier: Apache-2.0
//
// What the driver's operations share: the program's services, the tool, and who runs now. Private to this component.
// Threads: the loop's.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "ports/journal.hpp"
#include "stack/registry.hpp"
#include "terraform/driver_options.hpp"
#include "terraform/folder.hpp"
#include "terraform/tool.hpp"

namespace stackscaler::terraform {

// At most `count` holders at a time, served in the order of their asking.
class Slots {
 public:
  Slots(boost::asio::any_io_executor executor, int count) : executor_(std::move(executor)), free_(count) {}
  [[nodiscard]] boost::asio::awaitable<void> acquire();
  void release();

 private:
  boost::asio::any_io_executor executor_;
  int free_;
  std::list<boost::asio::steady_timer*> waiting_;
};

// Gives a slot back on every way out.
class SlotHolder {
 public:
  explicit SlotHolder(Slots& slots) : slots_(slots) {}
  ~SlotHolder() { slots_.release(); }
  SlotHolder(const SlotHolder&) = delete;
  SlotHolder& operator=(const SlotHolder&) = delete;

 private:
  Slots& slots_;
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
  Slots slots;       // plans and applies
  Slots init_slots;  // one init at a time: a shared plugin cache can't bear two
  bool stopping = false;
  std::vector<ChildProcess*> plans{};         // interrupted by stop()
  std::vector<ChildProcess*> applies{};       // interrupted by interrupt() only
  std::set<std::string> busy{};               // stacks that change now
  std::map<std::string, FileStamp> stamps{};  // by stack: the state file as it was at the last observation
};

}  // namespace stackscaler::terraform
