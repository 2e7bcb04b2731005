// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler pause` and `resume`: the emergency stop by hand.
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "async/clock.hpp"
#include "controller/commands.hpp"
#include "controller/pause.hpp"

namespace stackscaler::controller {
namespace {

std::string user() {
  if (const char* const name = std::getenv("SUDO_USER"); name != nullptr && *name != '\0') return name;
  const passwd* const entry = ::getpwuid(::getuid());
  return entry == nullptr ? "user " + std::to_string(::getuid()) : entry->pw_name;
}

std::string who() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return user();
  return user() + "@" + host.data();
}

int complain(const Error& error) {
  std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int pause_all(const Options& options) {
  std::error_code ec;
  if (!std::filesystem::is_directory(options.data, ec)) {
    std::fprintf(stderr, "stackscaler: there is no data folder %s; name the controller's with --data\n",
                 options.data.c_str());
    return 1;
  }
  const PauseFile file(options.data);
  if (const auto already = file.look()) {
    std::printf("%s already; nothing new is started. To go on: stackscaler resume --data %s\n",
                already->sentence().c_str(), options.data.c_str());
    return 0;
  }
  Pause pause;
  pause.by = who();
  pause.reason = options.reason;
  boost::asio::io_context io{1};
  pause.since = SystemClock(io.get_executor()).wall_now();
  if (auto set = file.set(pause); !set) return complain(set.error());
  std::printf("%s. Nothing new is started; what runs goes on to its end. To go on: stackscaler resume --data %s\n",
              pause.sentence().c_str(), options.data.c_str());
  return 0;
}

int resume_all(const Options& options) {
  const PauseFile file(options.data);
  const auto was = file.look();
  auto removed = file.clear();
  if (!removed) return complain(removed.error());
  if (!*removed) {
    std::printf("nothing was paused: there is no %s\n", file.path().c_str());
    return 0;
  }
  std::printf("resumed (it was %s)\n", was ? was->sentence().c_str() : "stopped");
  return 0;
}

}  // namespace stackscaler::controller
