// SPDX-License-Identifier: Apache-2.0
#include "support/terraform_stack.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace stackscaler::test {

namespace fs = std::filesystem;

namespace {

// The configuration file that the environment names may not exist, and terraform then warns on every call.
void calm_environment() {
  ::unsetenv("TF_CLI_CONFIG_FILE");
  ::setenv("CHECKPOINT_DISABLE", "1", 1);
}

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string terraform_missing() {
  calm_environment();
  if (std::system("terraform version >/dev/null 2>&1") == 0) return "";
  return "terraform is not on the PATH; install Terraform 1.11 to run this test";
}

std::string counted_stack(const std::string& body, const std::string& more) {
  return "variable \"instance_count\" {\n  type = number\n}\n\nresource \"terraform_data\" \"app\" {\n"
         "  count = var.instance_count\n" +
         body + "}\n\n" + more;
}

TerraformStack::TerraformStack(int count, const std::string& main_tf) {
  calm_environment();
  write("main.tf", main_tf);
  terraform("init -input=false");
  apply(count);
}

void TerraformStack::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder() / name, std::ios::binary) << text;
}

std::string TerraformStack::read(const std::string& name) const {
  return slurp(folder() / name);
}

std::string TerraformStack::terraform(const std::string& arguments) const {
  const std::string command = "cd '" + folder().string() + "' && terraform " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string output;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), n);
  if (::pclose(pipe) != 0) throw std::runtime_error("terraform " + arguments + " failed: " + output);
  return output;
}

void TerraformStack::apply(int count) const {
  terraform("apply -auto-approve -input=false -no-color -var instance_count=" + std::to_string(count));
}

std::map<int, std::string> TerraformStack::ids() const {
  std::map<int, std::string> ids;
  const auto state = nlohmann::json::parse(read("terraform.tfstate"));
  for (const auto& resource : state.at("resources")) {
    if (resource.at("name") != "app") continue;
    for (const auto& instance : resource.at("instances")) {
      ids[instance.at("index_key").get<int>()] = instance.at("attributes").at("id").get<std::string>();
    }
  }
  return ids;
}

std::map<std::string, std::string> TerraformStack::tree() const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder())) {
    if (!entry.is_regular_file() || entry.path().filename() == ".terraform.tfstate.lock.info") continue;
    files[fs::relative(entry.path(), folder()).string()] = slurp(entry.path());
  }
  return files;
}

}  // namespace stackscaler::test
