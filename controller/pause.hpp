// SPDX-License-Identifier: Apache-2.0
//
// The emergency stop: while the file <data>/pause is there, nothing new is started by any process with that data
// folder.
//
// `stackscaler pause` writes it and `resume` removes it; a hand may do the same (an empty file will do). A file that is
// there and can't be understood stops too: in doubt nothing is changed. What it is not: a signal to what runs; an apply
// under way goes on to its end. Blocking, but only a stat() where there is no file; any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace stackscaler::controller {

struct Pause {
  std::string by;      // "alice@host"; "" of a file made by hand
  std::string reason;  // as given, or ""
  std::optional<WallTime> since;
  // "stopped by alice@host since 2026-11-24T10:00:00Z: reason"
  [[nodiscard]] std::string sentence() const;
};

class PauseFile {
 public:
  explicit PauseFile(const std::filesystem::path& data) : path_(data / "pause") {}

  [[nodiscard]] std::optional<Pause> look() const;
  [[nodiscard]] Result<void> set(const Pause& pause) const;
  // False when there was none.
  [[nodiscard]] Result<bool> clear() const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace stackscaler::controller
