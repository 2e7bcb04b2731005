// SPDX-License-Identifier: Apache-2.0
//
// The reference pages against the program. UPDATE_GOLDEN=1 rewrites the command line's page.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/files.hpp"
#include "controller/options.hpp"
#include "policy/parse.hpp"

namespace stackscaler {
namespace {

const std::filesystem::path kDocs = std::filesystem::path(STK_SOURCE_DIR) / "docs";

std::string page(const std::string& name) {
  return read_file(kDocs / name, 1 << 20).value();
}

// Every fenced block of that language.
std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> out;
  const std::string open = "```" + language + "\n";
  for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
    const std::size_t begin = at + open.size();
    out.push_back(text.substr(begin, text.find("\n```", begin) + 1 - begin));
  }
  return out;
}

std::string command_line_page() {
  std::string out =
      "# Command line\n\nWhat `stackscaler COMMAND --help` prints. Settings are taken from the flag, else from the "
      "environment variable, else\nfrom `--env-file`, else from the configuration file (`--config`: YAML, the flags' "
      "names as keys), else from the default.\n";
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"run"},
                                                       {"reconcile"},
                                                       {"validate"},
                                                       {"metrics"},
                                                       {"advise"},
                                                       {"simulate"},
                                                       {"stack"},
                                                       {"stack", "list"},
                                                       {"stack", "show"},
                                                       {"stack", "adopt"},
                                                       {"stack", "scale"},
                                                       {"stack", "deploy"},
                                                       {"stack", "doctor"}};
  for (std::vector<std::string> arguments : commands) {
    std::string title = "stackscaler";
    for (const std::string& a : arguments) title += " " + a;
    arguments.emplace_back("--help");
    out += "\n## " + title + "\n\n```text\n" + controller::parse_options(arguments, {}).text + "```\n";
  }
  return out;
}

TEST(DocsTest, TheCommandLinesPageIsWhatTheProgramPrints) {
  const std::string wanted = command_line_page();
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(kDocs / "reference" / "command-line.md") << wanted;
  }

  EXPECT_EQ(page("reference/command-line.md"), wanted) << "UPDATE_GOLDEN=1 rewrites the page";
}

TEST(DocsTest, ThePolicyPagesExampleIsValidAndShowsTheDefaults) {
  const auto examples = blocks(page("reference/policy.md"), "yaml");
  ASSERT_EQ(examples.size(), 1U);

  const auto parsed = policy::parse_policies(examples[0], "policy.md", "/", {});

  for (const auto& problem : parsed.problems) ADD_FAILURE() << problem.str("policy.md");
  ASSERT_EQ(parsed.policies.size(), 1U);
  const policy::Spec& shown = parsed.policies[0].policy.spec;
  policy::Spec plain;
  plain.stack.id = "web";
  plain.stack.resource = shown.stack.resource;
  plain.stack.dependents = shown.stack.dependents;
  plain.stack.allow_updates = shown.stack.allow_updates;
  plain.stack.env = shown.stack.env;
  plain.stack.pre_scale_in = shown.stack.pre_scale_in;
  plain.stack.post_scale_out = shown.stack.post_scale_out;
  plain.metrics = shown.metrics;
  plain.schedules = shown.schedules;
  plain.behavior.scale_up.policies = shown.behavior.scale_up.policies;
  plain.behavior.scale_down.policies = shown.behavior.scale_down.policies;
  EXPECT_EQ(shown, plain) << "apart from these fields the example shows what is meant by leaving a field out";
}

TEST(DocsTest, EveryPolicyInTheDocsIsValid) {
  int found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kDocs)) {
    if (entry.path().extension() != ".md") continue;
    for (const std::string& yaml : blocks(read_file(entry.path(), 1 << 20).value(), "yaml")) {
      if (yaml.find("kind: ScalingPolicy") == std::string::npos) continue;
      ++found;
      for (const auto& problem : policy::parse_policies(yaml, "doc", "/", {}).problems) {
        ADD_FAILURE() << entry.path() << ": " << problem.str("block");
      }
    }
  }
  EXPECT_GE(found, 2);
}

}  // namespace
}  // namespace stackscaler
