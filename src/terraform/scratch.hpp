// SPDX-License-Identifier: Apache-2.0
//
// ScratchFolder: a folder that is gone with the object. It doesn't make it. Private to this component. Threads: the
// destructor blocks shortly.
#pragma once

#include <filesystem>
#include <system_error>

namespace stackscaler::terraform {

class ScratchFolder {
 public:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

 private:
  std::filesystem::path path_;
};

}  // namespace stackscaler::terraform
