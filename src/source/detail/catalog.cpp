// SPDX-License-Identifier: Apache-2.0
#include "source/detail/catalog.hpp"

#include <algorithm>

namespace stackscaler::source::detail {

// Brings files_ up to the look; true when a file came, went or was read.
bool Catalog::take(Look look) {
  bool any = false;
  auto stamps = std::make_shared<Stamps>();
  std::map<std::filesystem::path, File> files;
  for (LookedFile& looked : look.files) {
    const auto before = files_.find(looked.path);
    File file = before == files_.end() ? File{} : std::move(before->second);
    if (before != files_.end()) files_.erase(before);
    if (file.stamp != looked.stamp) file.said.clear();  // its problems are said again after each edit
    file.stamp = looked.stamp;
    if (looked.parsed) {
      file.documents.clear();
      file.problems.clear();
      for (policy::ParsedDocument& document : looked.parsed->policies) {
        auto shared = std::make_shared<const policy::ScalingPolicy>(std::move(document.policy));
        file.documents.push_back({std::move(shared), document.first_line});
      }
      for (const policy::Diagnostic& problem : looked.parsed->problems) {
        file.problems.push_back(problem.str(looked.path.string()));
      }
    } else if (!looked.unreadable.empty()) {
      file.documents.clear();
      file.problems = {looked.unreadable};
    }
    any = any || looked.parsed || !looked.unreadable.empty();
    if (looked.settled && looked.unreadable.empty()) stamps->emplace(looked.path, looked.stamp);
    files.emplace(std::move(looked.path), std::move(file));
  }
  any = any || !files_.empty();  // what is left there is gone
  files_ = std::move(files);
  stamps_ = std::move(stamps);
  watch_ = std::move(look.watch);
  return any;
}

void Catalog::say(const std::string& problem, const File& file, std::set<std::string>& now, CatalogChanges& out) {
  now.insert(problem);
  if (!file.said.contains(problem)) out.problems.push_back(problem);
}

CatalogChanges Catalog::apply(Look look) {
  CatalogChanges out;
  for (const auto& [path, why] : look.odd) {
    const auto before = odd_.find(path);
    if (before == odd_.end() || before->second != why) out.problems.push_back(path.string() + ": " + why);
  }
  odd_ = std::move(look.odd);
  out.any = take(std::move(look));
  if (!out.any) return out;

  std::map<policy::PolicyKey, Place> next;
  for (auto& [path, file] : files_) {
    std::set<std::string> now;
    for (const std::string& problem : file.problems) say(problem, file, now, out);
    for (const Document& document : file.documents) {
      const auto [first, fresh] = next.try_emplace(document.policy->key, Place{document.policy, path, document.line});
      if (fresh) continue;
      const policy::Diagnostic twice{document.line, 1,
                                     "the policy " + document.policy->key.str() + " is already defined in " +
                                         first->second.path.string() + ":" + std::to_string(first->second.line)};
      say(twice.str(path.string()), file, now, out);
    }
    file.said = std::move(now);
  }
  for (const auto& [key, place] : current_) {
    if (!next.contains(key)) out.removes.push_back(key);
  }
  for (auto& [key, place] : next) {
    const auto before = current_.find(key);
    const bool same = before != current_.end() && before->second.policy->spec_digest == place.policy->spec_digest &&
                      before->second.policy->origin == place.policy->origin;
    if (same) {
      place.policy = before->second.policy;  // a status write or a comment: nothing to tell
    } else {
      out.upserts.push_back(place.policy);
    }
  }
  current_ = std::move(next);
  return out;
}

bool Catalog::sound() const {
  const auto has_problems = [](const auto& entry) { return !entry.second.said.empty(); };
  return odd_.empty() && std::none_of(files_.begin(), files_.end(), has_problems);
}

PolicyIndex::Paths Catalog::paths() const {
  PolicyIndex::Paths out;
  for (const auto& [key, place] : current_) out.emplace(key, place.path);
  return out;
}

}  // namespace stackscaler::source::detail
