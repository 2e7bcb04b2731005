// SPDX-License-Identifier: Apache-2.0
#include "source/detail/sidecar.hpp"

#include "base/digest.hpp"
#include "base/files.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxName = 230;  // a file's name has at most 255 bytes, a suffix of ours included

}  // namespace

fs::path Sidecars::file_of(const policy::PolicyKey& key) const {
  std::string name = key.name;
  if (name.size() > kMaxName) name = name.substr(0, kMaxName - 17) + "-" + sha256_hex(key.name).substr(0, 16);
  return folder_ / key.namespace_ / (name + ".yaml");
}

Result<void> Sidecars::write(const policy::PolicyKey& key, std::string_view status_block,
                             const std::string& about) const {
  const fs::path file = file_of(key);
  std::error_code ec;
  const fs::path mark = folder_ / kSidecarMark;
  fs::create_directories(folder_, ec);
  if (!ec && !fs::exists(mark, ec)) {
    if (auto marked = write_file_atomic(mark, "", 0644); !marked) return marked;
  }
  fs::create_directories(file.parent_path(), ec);
  if (ec) return fail(ErrorKind::unavailable, "cannot create " + file.parent_path().string() + ": " + ec.message());
  std::string text = "# Written by Stackscaler: the status of " + about + "\n";
  text += "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata:\n";
  // Quoted: a name such as 1e3 or no is a string.
  text += "  name: \"" + key.name + "\"\n  namespace: \"" + key.namespace_ + "\"\n";
  text.append(status_block);
  return write_file_atomic(file, text, 0644);
}

void Sidecars::remove(const policy::PolicyKey& key) const {
  std::error_code ignored;
  fs::remove(file_of(key), ignored);
}

void Sidecars::keep_only(const std::set<policy::PolicyKey>& keys) const {
  std::set<fs::path> wanted;
  for (const policy::PolicyKey& key : keys) wanted.insert(file_of(key));
  std::error_code ec;
  fs::directory_iterator spaces(folder_, ec);
  for (; !ec && spaces != fs::directory_iterator(); spaces.increment(ec)) {
    std::error_code inner;
    if (!spaces->is_directory(inner)) continue;
    std::set<fs::path> others;
    for (fs::directory_iterator files(spaces->path(), inner); !inner && files != fs::directory_iterator();
         files.increment(inner)) {
      // The name of a write that a crash cut off has a suffix.
      const bool ours = files->path().filename().string().find(".yaml") != std::string::npos;
      if (ours && !wanted.contains(files->path())) others.insert(files->path());
    }
    for (const fs::path& file : others) fs::remove(file, inner);
    fs::remove(spaces->path(), inner);  // fails while there is something in it
  }
}

}  // namespace stackscaler::source::detail
