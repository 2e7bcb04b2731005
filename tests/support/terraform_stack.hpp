// SPDX-License-Identifier: Apache-2.0
//
// TerraformStack: a Terraform folder made of terraform_data resources, with a state: no provider, no network.
// Needs terraform on the PATH: ask terraform_missing() first and skip.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace stackscaler::test {

// "" when terraform is there, else the sentence for GTEST_SKIP.
[[nodiscard]] std::string terraform_missing();

// variable instance_count and terraform_data.app with that count. `body` goes into the resource, `more` behind it.
[[nodiscard]] std::string counted_stack(const std::string& body = "  input = \"app-${count.index}\"\n",
                                        const std::string& more = "");

class TerraformStack {
 public:
  // Applies it with `count` instances; throws when terraform fails.
  explicit TerraformStack(int count, const std::string& main_tf = counted_stack());

  [[nodiscard]] const std::filesystem::path& folder() const { return dir_.path(); }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  // Runs terraform there and gives its standard output; throws when it fails.
  std::string terraform(const std::string& arguments) const;
  void apply(int count) const;
  // Index -> the instance's id, of terraform_data.app in the state file.
  [[nodiscard]] std::map<int, std::string> ids() const;
  // Every file under the folder by relative path, with its content; without .terraform.tfstate.lock.info.
  [[nodiscard]] std::map<std::string, std::string> tree() const;

 private:
  TempDir dir_;
};

}  // namespace stackscaler::test
