// SPDX-License-Identifier: Apache-2.0
//
// The corpus of policy files: tests/golden/policy/<case>/in.yaml, and the cases that are too large for a file.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "policy/parse.hpp"

namespace stackscaler::policy::corpus {

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// With `N` replaced by numbers.
inline std::string numbered(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    std::string one = text;
    for (std::size_t at = one.find('N'); at != std::string::npos; at = one.find('N', at)) {
      one.replace(at, 1, std::to_string(i));
    }
    out += one;
  }
  return out;
}

inline const std::string kSmallest =
    "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: pN}\n"
    "spec: {stack: {id: web}, metrics: [{name: n, preset: instances}]}\n";

// By name. Each is one class of case in docs/explanation/hostile-input.md.
inline std::map<std::string, std::string> generated() {
  std::map<std::string, std::string> out;
  const std::string one = numbered(kSmallest, 1);
  out["huge_file"] = one + "# " + std::string(1 << 20, 'x') + "\n";
  out["huge_line"] = "a: \"" + std::string(1'000'000, 'x') + "\"\n";
  out["thousands_of_documents"] = numbered(kSmallest + "---\n", 4000) + one;
  out["thousands_of_problems"] = one + numbered("kN: 1\n", 3000);
  out["thousands_of_duplicates"] = one + repeated("kind: ScalingPolicy\n", 3000);
  out["thousands_of_nodes"] = "a: [" + repeated("1,", 60'000) + "]\n";
  out["thousands_of_brackets"] = repeated("[", 100'000);
  out["thousands_of_braces"] = repeated("{a: ", 100'000);
  out["thousands_of_dashes"] = repeated("- ", 100'000) + "\n";
  out["thousands_of_levels"] = [] {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    return text;
  }();
  out["thousands_of_anchors"] = numbered("kN: &aN 1\n", 30'000);
  out["thousands_of_question_marks"] = repeated("? ", 100'000) + "\n";
  out["thousands_of_markers"] = repeated("---\n", 200'000);
  out["thousands_of_metrics"] =
      "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: p}\nspec:\n"
      "  stack: {id: web}\n  metrics:\n" +
      numbered("    - {name: mN, preset: instances}\n", 5000);
  const std::string start = "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: p}\nspec:\n";
  const std::string metrics = "  metrics: [{name: n, preset: instances}]\n";
  out["long_lists"] = start + metrics + "  stack:\n    id: web\n    dependents:\n" + numbered("      - a.bN\n", 100) +
                      "    allowUpdates:\n" + numbered("      - {address: a.bN, attributes: [a]}\n", 100) +
                      "    hooks: {preScaleIn: {command: [" + repeated("a, ", 100) + "a]}}\n";
  out["billions_by_aliases"] = [] {
    std::string text = "a0: &a0 \"" + std::string(100, 'x') + "\"\n";
    for (int i = 1; i < 20; ++i) {
      const std::string before = "*a" + std::to_string(i - 1);
      text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
      for (int j = 0; j < 9; ++j) text += before + ", ";
      text += before + "]\n";
    }
    return text;
  }();
  return out;
}

inline std::map<std::string, std::string> all() {
  std::map<std::string, std::string> out = generated();
  for (const auto& entry : std::filesystem::directory_iterator(STK_GOLDEN_DIR)) {
    out[entry.path().filename().string()] = slurp(entry.path() / "in.yaml");
  }
  return out;
}

// Cases of a cluster say so in their names.
inline Home home_of(const std::string& name) {
  return name.find("cluster") == std::string::npos ? Home::files : Home::cluster;
}

}  // namespace stackscaler::policy::corpus
