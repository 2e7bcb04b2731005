// SPDX-License-Identifier: Apache-2.0
#include "source/file_status_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "policy/status_yaml.hpp"
#include "source/detail/exchange.hpp"
#include "source/detail/git.hpp"
#include "source/detail/sidecar.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;

// A kubelet keeps the content of a mounted ConfigMap or Secret in a folder named after the time, `..2026_11_24_…`.
bool is_mounted_by_kubelet(const fs::path& real) {
  return std::any_of(real.begin(), real.end(),
                     [](const fs::path& part) { return part.native().size() > 2 && part.native().starts_with(".."); });
}

struct Written {
  Result<void> result;
  std::string where;
  std::string why;  // not in the document, or ""
};

}  // namespace

class FileStatusWriter::Desk {
 public:
  explicit Desk(StatusOptions options)
      : options_(std::move(options)), sidecars_(options_.sidecars), git_(options_.git) {}

  Written write(const std::optional<fs::path>& file, const policy::PolicyKey& key, const policy::Status& status) {
    const std::string block = policy::render_status(status);
    if (!file) return aside("this policy is in no file", key, block, "the stack that no policy names");
    const std::string about = file->string();
    if (options_.mode == StatusMode::sidecar) return aside("--status=sidecar", key, block, about);
    if (options_.mode == StatusMode::auto_) {
      if (std::string why = why_not_inline(*file); !why.empty()) return aside(std::move(why), key, block, about);
    }
    const detail::ExchangeHooks no_hooks;
    auto written = detail::write_status_inline(*file, key, block, options_.defaults, no_hooks);
    if (written) {
      sidecars_.remove(key);
      return {std::move(written), about, ""};
    }
    const Error& error = written.error();
    const bool lasting = error.reason() == detail::kCannotHoldStatus || error.kind() == ErrorKind::unauthorized;
    if (options_.mode == StatusMode::auto_ && lasting) return aside(error.message(), key, block, about);
    return {std::move(written), about, ""};
  }

  void keep_only(const std::set<policy::PolicyKey>& keys) const { sidecars_.keep_only(keys); }

 private:
  Written aside(std::string why, const policy::PolicyKey& key, const std::string& block, const std::string& about) {
    return {sidecars_.write(key, block, about), sidecars_.file_of(key).string(), std::move(why)};
  }

  std::string why_not_inline(const fs::path& path) {
    std::error_code ec;
    const fs::path file = fs::canonical(path, ec);
    if (ec) return {};  // the write says it
    if (is_mounted_by_kubelet(file)) return "the file belongs to a mounted ConfigMap or Secret";
    for (const fs::path& needed : {file.parent_path(), file}) {
      if (::faccessat(AT_FDCWD, needed.c_str(), W_OK, AT_EACCESS) == 0) continue;
      return "cannot write to " + needed.string() + ": " + std::strerror(errno);
    }
    if (git_.tracks(file)) return "git tracks the file";
    return {};
  }

  StatusOptions options_;
  detail::Sidecars sidecars_;
  detail::GitTracking git_;
};

FileStatusWriter::FileStatusWriter(Logger& logger, PolicyIndex& index, StatusOptions options)
    : logger_(logger), index_(index), mode_(options.mode), desk_(std::make_shared<Desk>(std::move(options))) {
  index_.on_assign([this] { note_gone(); });
}

FileStatusWriter::~FileStatusWriter() {
  index_.on_assign(nullptr);
  thread_.join();
}

// Sidecars of policies that went, also before this start. The thread takes its work in order, so that a write that came
// before is swept and one that comes after stays.
void FileStatusWriter::note_gone() {
  std::set<policy::PolicyKey> now = index_.keys();
  const bool fewer = !std::includes(now.begin(), now.end(), known_.begin(), known_.end());
  if (fewer || !swept_) {
    std::erase_if(said_, [&](const auto& said) { return !now.contains(said.first); });
    const bool unused = mode_ == StatusMode::none || mode_ == StatusMode::inline_;
    boost::asio::post(thread_,
                      [desk = desk_, keep = unused ? std::set<policy::PolicyKey>() : now] { desk->keep_only(keep); });
  }
  swept_ = true;
  known_ = std::move(now);
}

boost::asio::awaitable<Result<void>> FileStatusWriter::write(policy::PolicyKey key, policy::Status status) {
  if (mode_ == StatusMode::none) co_return Result<void>{};
  const bool nowhere = mode_ == StatusMode::inline_ && index_.knows(key) && !index_.file_of(key);
  if (nowhere) co_return Result<void>{};  // an implicit policy has no document
  if (!index_.knows(key)) co_return fail(ErrorKind::not_found, "no file holds the policy " + key.str());
  auto job = [desk = desk_, file = index_.file_of(key), key, state = std::move(status)] {
    return desk->write(file, key, state);
  };
  Written written = co_await offload(thread_, std::move(job));
  if (written.result) {
    std::string place = written.where + "\n" + written.why;
    std::string& said = said_[key];
    if (said != place) {
      said = std::move(place);
      logger_.info("the status is written to", kv("policy", key.str()), kv("file", written.where),
                   kv("why", written.why.empty() ? std::string("the policy's own document") : written.why));
    }
  }
  co_return std::move(written.result);
}

}  // namespace stackscaler::source
