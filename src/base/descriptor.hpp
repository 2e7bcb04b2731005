// SPDX-License-Identifier: Apache-2.0
//
// Descriptor: an owned file descriptor, closed on every way out. Move-only; any thread, one at a time.
#pragma once

#include <string_view>

namespace stackscaler {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

// Writes all of it, whatever the kernel takes at once; false with errno set when it can't.
[[nodiscard]] bool write_all(int fd, std::string_view content);

}  // namespace stackscaler
