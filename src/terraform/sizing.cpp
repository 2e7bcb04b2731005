// SPDX-License-Identifier: Apache-2.0
#include "terraform/sizing.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "stack/template.hpp"

namespace stackscaler::terraform {

namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr std::size_t kMaxLinks = 10'000;
constexpr auto kOrphanAge = std::chrono::hours(24);

std::string shadow_prefix(const fs::path& folder) {
  return ".stackscaler-" + folder.filename().string() + "-";
}

fs::path shadow_of(const fs::path& folder, const std::string& operation) {
  return folder.parent_path() / (shadow_prefix(folder) + operation);
}

// The folder's own: a state lock's note is its taker's, the rest is no configuration. main.tf is rendered.
bool stays_out(const std::string& name) {
  return name == kMainFile || name == ".stackscaler.lock" || name == "deploy_metadata.json" || name == kTemplateCopy ||
         name.ends_with(".lock.info");
}

// A shadow of a look whose program was killed has no journal that would name it. remove_all() follows no link.
void drop_orphans(const fs::path& folder) {
  std::error_code ec;
  const std::string prefix = shadow_prefix(folder);
  const auto limit = fs::file_time_type::clock::now() - kOrphanAge;
  std::vector<fs::path> orphans;
  fs::directory_iterator siblings(folder.parent_path(), ec);
  for (const fs::directory_iterator end; !ec && siblings != end; siblings.increment(ec)) {
    std::error_code ignored;
    if (!siblings->path().filename().string().starts_with(prefix)) continue;
    if (siblings->is_symlink(ignored) || !siblings->is_directory(ignored)) continue;
    const auto written = fs::last_write_time(siblings->path(), ignored);
    if (!ignored && written < limit) orphans.push_back(siblings->path());
  }
  for (const fs::path& orphan : orphans) fs::remove_all(orphan, ec);
}

Result<void> make_shadow(const fs::path& folder, const fs::path& shadow, const std::string& main_tf) {
  drop_orphans(folder);
  if (::mkdir(shadow.c_str(), 0700) != 0) {
    return fail(ErrorKind::unavailable, "cannot create " + shadow.string() +
                                            ", where the plan is made: " + std::strerror(errno) +
                                            "; a stack that is sized by its template needs a "
                                            "folder whose parent can be written");
  }
  std::error_code ec;
  std::size_t links = 0;
  fs::directory_iterator files(folder, ec);
  for (const fs::directory_iterator end; !ec && files != end; files.increment(ec)) {
    const std::string name = files->path().filename().string();
    if (stays_out(name)) continue;
    if (++links > kMaxLinks) {
      return fail(ErrorKind::invalid_input, folder.string() + " holds more than " + std::to_string(kMaxLinks) +
                                                " files: too many to size it by its template");
    }
    fs::create_symlink(files->path(), shadow / name, ec);
    if (ec) break;
  }
  if (ec) return fail(ErrorKind::unavailable, "cannot fill " + shadow.string() + ": " + ec.message());
  return write_file_atomic(shadow / kMainFile, main_tf, 0600);
}

// The line where two texts part, from 1. Contents may be secret and are not shown.
std::size_t first_difference(const std::string& a, const std::string& b) {
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return 1 + static_cast<std::size_t>(std::count(a.begin(), at, '\n'));
}

}  // namespace

bool by_template(const Target& target) {
  return !target.template_file.empty();
}

const char* size_file(const Target& target) {
  return by_template(target) ? kMainFile : kCountFile;
}

Result<std::string> render_for(const Target& target, int count) {
  auto text = read_file(target.template_file, stack::kMaxTemplateBytes);
  if (!text) {
    return fail(ErrorKind::invalid_input,
                "stack " + target.entry.id + ": its template can't be read: " + text.error().message());
  }
  auto context = stack::context_with(target.entry.metadata, kCountName, count);
  if (!context) return fail(std::move(context).error());
  auto rendered = stack::render_template(target.template_file.string(), *text, *context);
  if (!rendered) return fail(std::move(rendered).error().with_context("stack " + target.entry.id));
  if (std::find(rendered->unused.begin(), rendered->unused.end(), kCountName) != rendered->unused.end()) {
    return fail(ErrorKind::invalid_input, "stack " + target.entry.id + ": its template " +
                                              target.template_file.string() +
                                              " doesn't use {{ instance_count }}, so it can't size the stack");
  }
  return std::move(rendered->text);
}

Result<void> check_main(const Target& target, const std::vector<int>& counts) {
  const fs::path file = target.entry.folder / kMainFile;
  struct stat info{};
  if (::lstat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return fail(ErrorKind::invalid_input, reason::kConfigurationEdited,
                "stack " + target.entry.id + ": " + file.string() +
                    " is no regular file; a stack that is sized by its template owns its main.tf");
  }
  auto text = read_file(file, stack::kMaxRenderedBytes);
  if (!text) return fail(std::move(text).error().with_context("stack " + target.entry.id));
  std::size_t line = 0;
  for (const int count : counts) {
    auto expected = render_for(target, count);
    if (!expected) return fail(std::move(expected).error());
    if (*expected == *text) return {};
    line = std::max(line, first_difference(*text, *expected));
  }
  return fail(ErrorKind::invalid_input, reason::kConfigurationEdited,
              "stack " + target.entry.id + ": " + file.string() + " is not what " + target.template_file.string() +
                  " renders for the recorded context, from line " + std::to_string(line) +
                  " on: one of them was edited; nothing was changed. Undo the edit, or make it in the template (or "
                  "the context in deploy_metadata.json) and in main.tf alike");
}

Result<Sized> size_plan(const Target& target, const OperationFolder& folder, const std::string& operation, int from,
                        int to) {
  Sized sized;
  if (!by_template(target)) {
    sized.count_file = folder.count_file();
    auto written = folder.write_count(target.variable, to);
    if (!written) return fail(std::move(written).error());
    return sized;
  }
  auto unchanged = check_main(target, {from, target.entry.metadata.instance_count.value_or(from)});
  if (!unchanged) return fail(std::move(unchanged).error());
  auto main_tf = render_for(target, to);
  if (!main_tf) return fail(std::move(main_tf).error());
  sized.shadow = shadow_of(target.entry.folder, operation);
  auto made = make_shadow(target.entry.folder, sized.shadow, *main_tf);
  if (!made) {
    drop_shadow(target, operation);
    return fail(std::move(made).error());
  }
  return sized;
}

void drop_shadow(const Target& target, const std::string& operation) {
  if (!by_template(target) || operation.empty()) return;
  std::error_code ignored;
  fs::remove_all(shadow_of(target.entry.folder, operation), ignored);
}

Result<std::string> put_size(const Target& target, int count, IfMissing if_missing) {
  const fs::path& folder = target.entry.folder;
  if (!by_template(target)) {
    auto put = put_count(folder, target.variable, count, if_missing);
    if (!put) return fail(std::move(put).error());
    return std::string();
  }
  std::vector<int> known = target.sizes;
  known.push_back(count);
  known.push_back(target.entry.metadata.instance_count.value_or(count));
  auto ours = check_main(target, known);
  if (!ours) return fail(std::move(ours).error());
  auto wanted = render_for(target, count);
  if (!wanted) return fail(std::move(wanted).error());
  const fs::path file = folder / kMainFile;
  auto present = read_file(file, stack::kMaxRenderedBytes);
  if (!present) return fail(std::move(present).error());
  if (*present == *wanted) return std::string();
  struct stat info{};
  const unsigned mode = ::stat(file.c_str(), &info) == 0 ? info.st_mode & 07777U : 0600U;
  const auto before = fingerprint(folder, target.ref.backend_config);
  auto written = write_file_atomic(file, *wanted, mode);
  if (!written) return fail(std::move(written).error());
  const bool current = before && *before == target.entry.metadata.terraform->init_fingerprint;
  if (!current) return std::string();
  return fingerprint(folder, target.ref.backend_config);
}

}  // namespace stackscaler::terraform
