// SPDX-License-Identifier: Apache-2.0
#include "source/detail/exchange.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/descriptor.hpp"
#include "base/files.hpp"
#include "policy/parse.hpp"
#include "policy/status_yaml.hpp"
#include "source/detail/inotify.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 5;

Error os_error(std::string_view what, const fs::path& path) {
  const int code = errno;
  ErrorKind kind = ErrorKind::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::not_found;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::unauthorized;
  if (code == EINVAL || code == ENOSYS || code == EOPNOTSUPP) {
    return Error(ErrorKind::conflict, kCannotHoldStatus,
                 std::string(what) + " " + path.string() + ": the file system can't exchange two files");
  }
  return Error(kind, std::string(what) + " " + path.string() + ": " + std::strerror(code));
}

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

Identity identity_of(const struct stat& info) {
  return {info.st_dev, info.st_ino};
}

std::optional<struct stat> lstat_of(const fs::path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info;
}

// The new content in a file beside `file`, with its owner and mode. Removed on destruction unless kept.
class Beside {
 public:
  Beside() = default;
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() {
    if (!path_.empty() && !kept_) ::unlink(path_.c_str());
  }

  Result<void> create(const fs::path& file, const struct stat& like, std::string_view content) {
    std::string name = (file.parent_path() / (std::string(kOwnFilePrefix) + "XXXXXX")).string();
    const Descriptor out(::mkostemp(name.data(), O_CLOEXEC));
    if (!out.ok()) return fail(os_error("cannot create a file beside", file));
    path_ = name;
    struct stat info{};
    if (::fstat(out.get(), &info) != 0) return fail(os_error("cannot create a file beside", file));
    identity_ = identity_of(info);
    const bool foreign = info.st_uid != like.st_uid || info.st_gid != like.st_gid;
    if (foreign && ::fchown(out.get(), like.st_uid, like.st_gid) != 0)
      return fail(os_error("cannot keep the owner of", file));
    if (::fchmod(out.get(), like.st_mode & 07777U) != 0) return fail(os_error("cannot keep the mode of", file));
    if (!write_all(out.get(), content) || ::fsync(out.get()) != 0) return fail(os_error("cannot write beside", file));
    return {};
  }

  void keep() { kept_ = true; }
  [[nodiscard]] const fs::path& path() const { return path_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }

 private:
  fs::path path_;
  Identity identity_;
  bool kept_ = false;
};

bool exchange(const fs::path& a, const fs::path& b) {
  // By number: glibc has the function only since 2.28, musl not at all.
  return ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

// True when some program has the file open for writing. A read lease is refused then (EAGAIN); where there are no
// leases, or not for us, nothing is known and the answer is no.
bool has_writer(int fd) {
  ::fcntl(fd, F_SETSIG, SIGURG);  // ignored by default; SIGIO, the usual one for a broken lease, kills
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  ::fcntl(fd, F_SETLEASE, F_UNLCK);
  return false;
}

bool is_as_read(const fs::path& path, const struct stat& as_read, std::string_view expected) {
  const auto info = lstat_of(path);
  if (!info || !S_ISREG(info->st_mode) || identity_of(*info) != identity_of(as_read)) return false;
  if (info->st_mode != as_read.st_mode || info->st_uid != as_read.st_uid || info->st_gid != as_read.st_gid)
    return false;
  const Descriptor in(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!in.ok() || has_writer(in.get())) return false;
  const auto content = read_file(path, policy::kMaxPolicyFileBytes);
  return content && *content == expected;
}

void sync_folder(const fs::path& file) {
  const Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.ok()) ::fsync(folder.get());
}

// `beside` holds somebody's edit that the exchange took out of `file`: it goes back.
Result<Exchanged> put_back(const fs::path& file, std::string_view content, Beside& beside) {
  const auto kept = [&](std::string_view why) {
    beside.keep();
    return fail(ErrorKind::conflict,
                file.string() + " " + std::string(why) + "; the other content is kept in " + beside.path().string());
  };
  if (!exchange(beside.path(), file)) return kept("was removed while its status was written");
  const auto back = lstat_of(beside.path());
  const Descriptor in(::open(beside.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const bool untouched = back && identity_of(*back) == beside.identity() && in.ok() && !has_writer(in.get());
  const auto ours = untouched ? read_file(beside.path(), policy::kMaxPolicyFileBytes) : fail(ErrorKind::not_found, "");
  if (ours && *ours == content) return Exchanged::changed;
  // A second edit came between the two exchanges: the newer one belongs to the name, the older is not thrown away.
  if (!exchange(beside.path(), file)) return kept("was removed while its status was written");
  return kept("was edited twice while its status was written");
}

}  // namespace

Result<Exchanged> exchange_content(const fs::path& file, std::string_view expected, std::string_view content,
                                   const ExchangeHooks& hooks) {
  const auto as_read = lstat_of(file);
  if (!as_read) return fail(os_error("cannot read", file));
  if (!S_ISREG(as_read->st_mode)) return fail(ErrorKind::conflict, file.string() + " is not a regular file");
  if (as_read->st_nlink > 1) {
    return fail(ErrorKind::conflict, kCannotHoldStatus,
                file.string() + " has several names (hard links), which an exchange would part");
  }
  Beside beside;
  if (auto created = beside.create(file, *as_read, content); !created) return fail(std::move(created).error());
  // An edit that is there by now is not even disturbed; what comes between this look and the exchange is put back.
  if (!is_as_read(file, *as_read, expected)) return Exchanged::changed;
  if (hooks.before_exchange) hooks.before_exchange();
  if (!exchange(beside.path(), file)) return fail(os_error("cannot exchange", file));
  if (is_as_read(beside.path(), *as_read, expected)) {
    sync_folder(file);
    return Exchanged::done;
  }
  if (hooks.before_put_back) hooks.before_put_back();
  return put_back(file, content, beside);
}

Result<void> write_status_inline(const fs::path& path, const policy::PolicyKey& key, std::string_view status_block,
                                 const policy::Defaults& defaults, const ExchangeHooks& hooks) {
  for (int i = 0; i < kTries; ++i) {
    std::error_code ec;
    const fs::path file = fs::canonical(path, ec);  // a link stays a link; its target is edited
    if (ec) return fail(ErrorKind::not_found, "cannot read " + path.string() + ": " + ec.message());
    const auto text = read_file(file, policy::kMaxPolicyFileBytes);
    if (!text) return fail(text.error());
    const policy::ParsedFile parsed = policy::parse_policies(*text, path.string(), file.parent_path(), defaults);
    const auto is_it = [&](const policy::ParsedDocument& document) { return document.policy.key == key; };
    const auto document = std::find_if(parsed.policies.begin(), parsed.policies.end(), is_it);
    if (document == parsed.policies.end()) {
      return fail(ErrorKind::not_found, path.string() + " no longer holds the policy " + key.str());
    }
    const auto edited = policy::replace_status(*text, document->index, status_block);
    if (!edited) {
      return fail(edited.error().kind(), kCannotHoldStatus, path.string() + ": " + edited.error().message());
    }
    if (*edited == *text) return {};
    const auto outcome = exchange_content(file, *text, *edited, hooks);
    if (!outcome) return fail(outcome.error());
    if (*outcome == Exchanged::done) return {};
  }
  return fail(ErrorKind::conflict,
              path.string() + " keeps changing or is open in another program; its status was not written");
}

}  // namespace stackscaler::source::detail
