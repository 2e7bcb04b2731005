// SPDX-License-Identifier: Apache-2.0
//
// CommandTest: a command of the program in this process, with a scripted server beside it and what it printed.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <fstream>
#include <string>
#include <thread>

#include "support/scripted_http.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::controller {

class CommandTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder / name) << text; }
  [[nodiscard]] std::string file(const std::string& name) const { return (folder / name).string(); }

  // The command has a loop of its own; the server's runs beside it.
  template <class Command>
  int run_beside_server(Command command) {
    auto work = boost::asio::make_work_guard(io);
    io.restart();
    std::thread serving([&] { io.run(); });
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = command();
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    io.stop();
    serving.join();
    return code;
  }

  boost::asio::io_context io;
  test::TempDir folder;
  test::ScriptedHttp server{io};
  std::string out;
  std::string err;
};

}  // namespace stackscaler::controller
