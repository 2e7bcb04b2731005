// SPDX-License-Identifier: Apache-2.0
//
// Catalog: what FileSource knows of its files, and what a look changes about it. Pure but for time: no I/O.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "policy/types.hpp"
#include "source/detail/scan.hpp"
#include "source/policy_index.hpp"

namespace stackscaler::source::detail {

struct CatalogChanges {
  std::vector<std::shared_ptr<const policy::ScalingPolicy>> upserts;
  std::vector<policy::PolicyKey> removes;
  std::vector<std::string> problems;  // new ones, "file:line:column: message"
  bool any = false;                   // a file came, went or was read again
};

class Catalog {
 public:
  [[nodiscard]] CatalogChanges apply(Look look);

  // Of the files that need no reading as long as their stamps stay.
  [[nodiscard]] std::shared_ptr<const Stamps> stamps() const { return stamps_; }
  [[nodiscard]] PolicyIndex::Paths paths() const;
  // No file has a problem and nothing was passed over with one.
  [[nodiscard]] bool sound() const;
  [[nodiscard]] std::size_t policies() const { return current_.size(); }
  [[nodiscard]] std::size_t files() const { return files_.size(); }
  [[nodiscard]] const WatchList& watch() const { return watch_; }

 private:
  struct Document {
    std::shared_ptr<const policy::ScalingPolicy> policy;
    std::size_t line = 0;
  };
  struct File {
    std::vector<Document> documents;
    std::vector<std::string> problems;
    std::set<std::string> said;
    Stamp stamp;
  };
  struct Place {
    std::shared_ptr<const policy::ScalingPolicy> policy;
    std::filesystem::path path;
    std::size_t line = 0;
  };

  bool take(Look look);
  static void say(const std::string& problem, const File& file, std::set<std::string>& now, CatalogChanges& out);

  std::map<std::filesystem::path, File> files_;
  std::map<policy::PolicyKey, Place> current_;
  std::shared_ptr<const Stamps> stamps_ = std::make_shared<Stamps>();
  WatchList watch_;
  std::map<std::filesystem::path, std::string> odd_;
};

}  // namespace stackscaler::source::detail
