// SPDX-License-Identifier: Apache-2.0
//
// The documents that the parser and the API server are both asked about: the golden cases, the examples, and policies
// with every field of which one thing at a time is changed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stackscaler::crd {

struct Document {
  std::string name;  // "golden/bounds_crossed", "everything/spec/bounds/min: 0"
  std::string text;  // one YAML document
};

[[nodiscard]] std::string read_file(const std::string& path);
// The array of policies.json.
[[nodiscard]] nlohmann::json whole_policies();

// One document each; of streams with several, each document by itself.
[[nodiscard]] std::vector<Document> written_documents();
// The whole policies, and each of them changed in one place.
[[nodiscard]] std::vector<Document> changed_documents();

}  // namespace stackscaler::crd
