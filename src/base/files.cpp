// SPDX-License-Identifier: Apache-2.0
#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.hpp"

namespace stackscaler {
namespace {

Error os_error(std::string_view what, const std::filesystem::path& path) {
  const int code = errno;
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::not_found
                         : code == EACCES || code == EPERM ? ErrorKind::unauthorized
                                                           : ErrorKind::unavailable;
  return Error(kind, std::string(what) + " " + path.string() + ": " + std::strerror(code));
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok()) return fail(os_error("cannot read", path));
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return fail(os_error("cannot read", path));
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::invalid_input, path.string() + " is not a regular file");
  std::string content;
  content.reserve(std::min<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, limit + 1));
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error("cannot read", path));
    if (n == 0) return content;
    content.append(buffer, static_cast<std::size_t>(n));
    if (content.size() > limit) {
      return fail(ErrorKind::invalid_input,
                  path.string() + " is larger than the limit of " + std::to_string(limit) + " bytes");
    }
  }
}

Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  std::string name = path.string() + ".XXXXXX";
  const Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.ok()) return fail(os_error("cannot create a file beside", path));
  const auto abandon = [&](std::string_view what) {
    Error error = os_error(what, path);
    ::unlink(name.c_str());
    return fail(std::move(error));
  };
  if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0) return abandon("cannot set the mode of");
  if (!write_all(file.get(), content)) return abandon("cannot write");
  if (::fsync(file.get()) != 0) return abandon("cannot sync");
  if (::rename(name.c_str(), path.c_str()) != 0) return abandon("cannot replace");
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.ok()) ::fsync(folder.get());
  return {};
}

}  // namespace stackscaler
