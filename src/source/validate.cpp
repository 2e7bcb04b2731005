// SPDX-License-Identifier: Apache-2.0
#include "source/validate.hpp"

#include <map>
#include <set>

#include "source/detail/scan.hpp"

namespace stackscaler::source {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const std::vector<fs::path>& paths, Validation& out) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      files.push_back(path);
      continue;
    }
    auto found = detail::scan(path);
    if (!found) {
      out.unreadable.push_back(std::move(found).error());
      continue;
    }
    for (const auto& [odd, why] : found->odd) {
      out.unreadable.emplace_back(ErrorKind::invalid_input, odd.string() + ": " + why);
    }
    for (detail::FoundFile& file : found->files) files.push_back(std::move(file.path));
  }
  return files;
}

}  // namespace

Validation validate_paths(const std::vector<fs::path>& paths, const policy::Defaults& defaults) {
  Validation out;
  std::set<fs::path> seen;
  std::map<policy::PolicyKey, std::string> defined;  // where
  for (const fs::path& path : files_of(paths, out)) {
    if (!seen.insert(path.lexically_normal()).second) continue;
    auto parsed = detail::read_policies(path, path, defaults);
    if (!parsed) {
      out.unreadable.push_back(std::move(parsed).error());
      continue;
    }
    ++out.files;
    for (policy::Diagnostic& problem : parsed->problems) out.problems.push_back({path.string(), std::move(problem)});
    for (policy::ParsedDocument& document : parsed->policies) {
      const std::string place = path.string() + ":" + std::to_string(document.first_line);
      const auto [first, fresh] = defined.emplace(document.policy.key, place);
      if (fresh) {
        out.policies.push_back(std::move(document.policy));
      } else {
        std::string message = "the policy " + document.policy.key.str() + " is already defined in " + first->second;
        out.problems.push_back({path.string(), {document.first_line, 1, std::move(message)}});
      }
    }
  }
  return out;
}

}  // namespace stackscaler::source
