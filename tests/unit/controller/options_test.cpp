// SPDX-License-Identifier: Apache-2.0
#include "controller/options.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "controller/config_file.hpp"
#include "controller/settings.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::controller {
namespace {

using Arguments = std::vector<std::string>;

Options parsed(const Arguments& arguments, const Environment& environment = {}) {
  const ParsedOptions out = parse_options(arguments, environment);
  EXPECT_TRUE(out.options) << out.text;
  return out.options.value_or(Options{});
}

std::string refused(const Arguments& arguments, const Environment& environment = {}) {
  const ParsedOptions out = parse_options(arguments, environment);
  EXPECT_FALSE(out.options);
  EXPECT_EQ(out.exit_code, 1);
  return out.text;
}

TEST(OptionsTest, AdvisorsKeysComeFromTheEnvFileAndNothingElseOfItIsKept) {
  const test::TempDir dir;
  ASSERT_TRUE(
      write_file_atomic(dir / ".env", "GEMINI_API_KEY=one\nAWS_SECRET_ACCESS_KEY=two\nMY_API_KEY=three\n", 0600));

  const Options o =
      parsed({"advise", "--print-prompt", "--instances", "4", "web.yaml", "--env-file", (dir / ".env").string()});

  EXPECT_EQ(o.command, Command::advise);
  EXPECT_TRUE(o.print_prompt);
  EXPECT_EQ(o.instances, 4);
  EXPECT_EQ(o.env_file, (Environment{{"GEMINI_API_KEY", "one"}, {"MY_API_KEY", "three"}}));
}

TEST(OptionsTest, DefaultsAreSafe) {
  const Options o = parsed({"run", "--policies", "p"});

  EXPECT_EQ(o.command, Command::run);
  EXPECT_FALSE(o.enabled);
  EXPECT_FALSE(o.dry_run);
  EXPECT_EQ(o.stacks, ".infra/work");
  EXPECT_EQ(o.defaults.bounds, (policy::Bounds{1, 20}));
  EXPECT_EQ(o.defaults.interval, std::chrono::minutes(5));
  EXPECT_EQ(o.defaults.confidence_threshold, 0.7);
}

TEST(OptionsTest, ThePrometheusServersSettingsAreRead) {
  const Options o = parsed({"run", "--policies", "p", "--prometheus-url", "https://mimir", "--prometheus-tenant", "a|b",
                            "--prometheus-basic-user", "reader", "--prometheus-password-file", "/run/password",
                            "--prometheus-ca", "ca.pem", "--prometheus-cert", "/c", "--prometheus-key", "/k"});

  EXPECT_EQ(o.prometheus_url, "https://mimir");
  EXPECT_EQ(o.prometheus.tenant, "a|b");
  EXPECT_EQ(o.prometheus.basic_password_file, "/run/password");
  EXPECT_TRUE(std::filesystem::path(o.prometheus.ca_file).is_absolute());
}

TEST(OptionsTest, HalvesOfThePrometheusServersSettingsAreRefused) {
  const auto with = [](Arguments more) {
    Arguments all{"run", "--policies", "p"};
    all.insert(all.end(), more.begin(), more.end());
    return refused(all);
  };

  EXPECT_NE(with({"--prometheus-basic-user", "u"}).find("go together"), std::string::npos);
  EXPECT_NE(with({"--prometheus-cert", "c"}).find("go together"), std::string::npos);
  EXPECT_NE(with({"--prometheus-bearer-file", "t", "--prometheus-basic-user", "u", "--prometheus-password-file", "p"})
                .find("exclude one another"),
            std::string::npos);
  EXPECT_EQ(with({"--prometheus-url", "htp://u:hunter2@h"}).find("hunter2"), std::string::npos);
}

TEST(OptionsTest, MetricsTakesASpan) {
  const Options o = parsed({"metrics", "web.yaml", "--since", "1h", "--step", "30s"});

  EXPECT_EQ(o.command, Command::metrics);
  EXPECT_EQ(o.since, std::chrono::hours(1));
  EXPECT_EQ(o.step, std::chrono::seconds(30));
  EXPECT_NE(refused({"metrics", "web.yaml", "--since", "yesterday"}).find("--since: 'yesterday'"), std::string::npos);
  EXPECT_NE(refused({"metrics", "web.yaml", "--step", "30s"}).find("--step goes with --since"), std::string::npos);
}

TEST(OptionsTest, TheEnvironmentSetsTheInheritedNames) {
  const Options o = parsed({"run", "--policies", "p"}, {{"AUTO_SCALING_ENABLED", "true"},
                                                        {"AUTO_SCALING_INTERVAL_MINUTES", "2"},
                                                        {"AUTO_SCALING_CONFIDENCE_THRESHOLD", "0.9"},
                                                        {"SCALE_UP_MAX_INSTANCES", "8"},
                                                        {"SCALE_DOWN_MIN_INSTANCES", "2"}});

  EXPECT_TRUE(o.enabled);
  EXPECT_EQ(o.defaults.interval, std::chrono::minutes(2));
  EXPECT_EQ(o.defaults.confidence_threshold, 0.9);
  EXPECT_EQ(o.defaults.bounds, (policy::Bounds{2, 8}));
}

TEST(OptionsTest, FlagsWinOverEnvironmentOverEnvFileOverConfiguration) {
  const test::TempDir dir;
  ASSERT_TRUE(write_file_atomic(
      dir / "c.yaml", "default-max-instances: 5\ndefault-min-instances: 2\nlog-level: debug\nenable: true\n", 0600));
  ASSERT_TRUE(write_file_atomic(dir / ".env",
                                "# comment\nexport SCALE_UP_MAX_INSTANCES='6'\nSCALE_DOWN_MIN_INSTANCES=3\n", 0600));
  Arguments arguments{"run",        "--policies",           "p", "--config", (dir / "c.yaml").string(),
                      "--env-file", (dir / ".env").string()};

  EXPECT_EQ(parsed(arguments).defaults.bounds, (policy::Bounds{3, 6}));
  EXPECT_EQ(parsed(arguments).log_level, LogLevel::debug);
  EXPECT_TRUE(parsed(arguments).enabled);
  EXPECT_EQ(parsed(arguments, {{"SCALE_UP_MAX_INSTANCES", "7"}}).defaults.bounds, (policy::Bounds{3, 7}));
  EXPECT_FALSE(parsed(arguments, {{"AUTO_SCALING_ENABLED", "false"}}).enabled);
  arguments.insert(arguments.end(), {"--default-max-instances", "9"});
  EXPECT_EQ(parsed(arguments, {{"SCALE_UP_MAX_INSTANCES", "7"}}).defaults.bounds, (policy::Bounds{3, 9}));
}

TEST(OptionsTest, SaysEveryProblemAtOnceAndWhereItCameFrom) {
  const std::string text = refused({"run", "--log-level", "loud"}, {{"SCALE_UP_MAX_INSTANCES", "many"}});

  EXPECT_NE(text.find("--log-level: 'loud' is not debug, info, warn or error"), std::string::npos) << text;
  EXPECT_NE(text.find("SCALE_UP_MAX_INSTANCES: 'many' is not a count from 1 to 100000"), std::string::npos) << text;
}

TEST(OptionsTest, WithoutPoliciesEveryStackIsLookedAt) {
  EXPECT_TRUE(parsed({"run"}).implicit);
  EXPECT_FALSE(parsed({"run", "--policies", "p"}).implicit);
  EXPECT_TRUE(parsed({"run", "--policies", "p", "--implicit"}).implicit);
}

TEST(OptionsTest, RefusesWhatItDoesNotKnow) {
  refused({"run", "--policies", "p", "--no-such-flag"});
  refused({"no-such-command"});
  refused({});
  refused({"stack", "scale", "web"});
  refused({"stack", "scale", "web", "-1"});
  refused({"run", "--policies", "p", "--status", "beside"});
  refused({"reconcile", "--policies", "p", "--plan"});
}

TEST(OptionsTest, EveryCommandHasHelp) {
  for (const Arguments& command : {Arguments{"run"},
                                   {"reconcile"},
                                   {"validate"},
                                   {"stack", "list"},
                                   {"stack", "show"},
                                   {"stack", "adopt"},
                                   {"stack", "scale"},
                                   {"version"}}) {
    Arguments arguments = command;
    arguments.emplace_back("--help");
    const ParsedOptions out = parse_options(arguments, {});
    EXPECT_EQ(out.exit_code, 0);
    EXPECT_FALSE(out.options);
    EXPECT_NE(out.text.find("Usage"), std::string::npos) << out.text;
  }
}

TEST(OptionsTest, TellsItsVersion) {
  for (const Arguments& arguments : {Arguments{"--version"}, Arguments{"version"}}) {
    const ParsedOptions out = parse_options(arguments, {});
    EXPECT_EQ(out.exit_code, 0);
    EXPECT_TRUE(out.text.starts_with("stackscaler 0.")) << out.text;
  }
}

TEST(OptionsTest, StackCommandsTakeTheirArguments) {
  const Options adopt =
      parsed({"stack", "adopt", "infra/web", "--id", "web", "--dependent", "a.b", "--dependent", "c.d"});
  EXPECT_EQ(adopt.folder, "infra/web");
  EXPECT_EQ(adopt.dependents, (std::vector<std::string>{"a.b", "c.d"}));
  const Options scale = parsed({"stack", "scale", "web", "3", "--reason", "launch day", "-o", "json"});
  EXPECT_EQ(scale.instances, 3);
  EXPECT_EQ(scale.reason, "launch day");
  EXPECT_EQ(scale.output, Output::json);
}

TEST(OptionsTest, TerraformsMemoryIsASize) {
  EXPECT_EQ(parsed({"run", "--policies", "p"}).terraform_memory, 700ULL << 20U);
  EXPECT_EQ(parsed({"run", "--policies", "p"}).max_concurrent, 2);
  const std::vector<std::pair<std::string, std::uint64_t>> sizes{{"0", 0},
                                                                 {"123", 123},
                                                                 {"64KiB", 64ULL << 10U},
                                                                 {"64Ki", 64ULL << 10U},
                                                                 {"1GiB", 1U << 30U},
                                                                 {"2Gi", 2ULL << 30U},
                                                                 {"512Mi", 512ULL << 20U}};
  for (const auto& [text, bytes] : sizes) {
    EXPECT_EQ(parsed({"run", "--policies", "p", "--terraform-memory", text}).terraform_memory, bytes) << text;
  }
  for (const char* text : {"", "x", "-1", "1.5GiB", "1 GiB", "700MB", "99999999GiB", "18446744073709551616"}) {
    EXPECT_NE(refused({"run", "--policies", "p", "--terraform-memory=" + std::string(text)}).find("--terraform-memory"),
              std::string::npos)
        << text;
  }
  (void)refused({"run", "--policies", "p", "--max-concurrent", "0"});
}

TEST(ConfigFileTest, NamesThePlaceOfAProblem) {
  std::vector<std::string> problems;
  (void)parse_config_file("enable: true\nenabel: true\nlog-level: [a]\nenable: false\n", "c.yaml", problems);

  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0], "c.yaml:2:1: unknown setting 'enabel'; see stackscaler run --help");
  EXPECT_EQ(problems[1], "c.yaml:3:12: log-level takes one value");
  EXPECT_EQ(problems[2], "c.yaml:4:1: enable is set twice");

  problems.clear();
  (void)parse_config_file("a: [", "c.yaml", problems);
  EXPECT_EQ(problems.size(), 1U);
}

TEST(Law8SecretsStayInside, ABrokenEnvFileLineIsNotRepeated) {
  std::vector<std::string> problems;
  const auto values = parse_env_file("A=1\nGEMINI_API_KEY sk-secret\nB=\"two words\"\r\n", ".env", problems);

  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0], ".env:2:1: this is not a KEY=value line");
  EXPECT_EQ(values.at("B"), "two words");
}

}  // namespace
}  // namespace stackscaler::controller
