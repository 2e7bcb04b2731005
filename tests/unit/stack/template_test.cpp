// SPDX-License-Identifier: Apache-2.0
#include "stack/template.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace stackscaler::stack {
namespace {

struct Good {
  const char* template_;
  const char* context;
  const char* rendered;
};
std::ostream& operator<<(std::ostream& out, const Good& good) {
  return out << good.template_;
}
class TemplateRendersTest : public testing::TestWithParam<Good> {};

TEST_P(TemplateRendersTest, AsStringContentOrAsALiteral) {
  const auto rendered = render_template("main.tf.tpl", GetParam().template_, GetParam().context);

  ASSERT_TRUE(rendered) << rendered.error().message();
  EXPECT_EQ(rendered->text, GetParam().rendered);
}

INSTANTIATE_TEST_SUITE_P(
    Places, TemplateRendersTest,
    testing::Values(Good{"a = {{ x }}\n", R"({"x": "v"})", "a = \"v\"\n"},
                    Good{"a = {{x}}\n", R"({"x": 3})", "a = 3\n"}, Good{"a = {{ x }}", R"({"x": -3})", "a = (-3)"},
                    Good{"a = 7 - {{ x }}", R"({"x": -3})", "a = 7 - (-3)"},
                    Good{"a = {{ x }}", R"({"x": true})", "a = true"},
                    Good{"a = {{ x }}", R"({"x": null})", "a = null"},
                    Good{"a = {{ x }}", R"({"x": [1, "b", {"k": "${v}"}]})", R"(a = [1, "b", { "k" = "\u0024{v}" }])"},
                    Good{"a = [{{ x }}, {{ x }}]", R"({"x": 1.5})", "a = [1.5, 1.5]"},
                    Good{"a = { b = {{ x }} }", R"({"x": 1})", "a = { b = 1 }"},
                    Good{"a = [for v in {{ x }} : v]", R"({"x": ["q"]})", R"(a = [for v in ["q"] : v])"},
                    Good{R"(a = "<{{ x }}>")", R"({"x": "q\"\\\n${}%{}"})", R"(a = "<q\"\\\n\u0024{}\u0025{}>")"},
                    Good{R"(a = "{{ x }}{y}")", R"({"x": "$"})", R"(a = "\u0024{y}")"},
                    Good{R"(a = "{{ x }}{{ x }}")", R"({"x": 5})", R"(a = "55")"},
                    Good{R"(a = "{{ "{{" }} x }}")", "{}", R"(a = "{{ x }}")"},
                    Good{"# {{ \"{{\" }} x\na = 1", "{}", "# {{ x\na = 1"},
                    Good{"a = \"${jsonencode({ b = { c = 1 }})}\"", "{}", "a = \"${jsonencode({ b = { c = 1 }})}\""},
                    Good{"a = <<EOT\n\" ${b} $${c}\n  EOT\nd = {{ x }}\n", R"({"x": 1})",
                         "a = <<EOT\n\" ${b} $${c}\n  EOT\nd = 1\n"}));

struct Bad {
  const char* template_;
  const char* context;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Bad& bad) {
  return out << bad.template_;
}
class TemplateRefusesTest : public testing::TestWithParam<Bad> {};

TEST_P(TemplateRefusesTest, WithPlaceAndSentence) {
  const auto rendered = render_template("t", GetParam().template_, GetParam().context);

  ASSERT_FALSE(rendered) << rendered->text;
  EXPECT_EQ(rendered.error().kind(), ErrorKind::invalid_input);
  EXPECT_NE(rendered.error().message().find(GetParam().says), std::string::npos) << rendered.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Places, TemplateRefusesTest,
    testing::Values(
        Bad{"\n\n  a = {{ instance_cuont }}", R"({"instance_count": 1})",
            "t:3:7: unknown placeholder 'instance_cuont'; did you mean 'instance_count'?"},
        Bad{"a = {{ x | upper }}", R"({"x": 1})", "no filters"}, Bad{"a = {{ x", R"({"x": 1})", "t:1:5: '{{' without"},
        Bad{"a = {{ x\n}}", R"({"x": 1})", "without '}}'"}, Bad{"a = {{ x.y }}", R"({"x": 1})", "a name alone"},
        Bad{"a = {{ }}", "{}", "a name alone"}, Bad{"# {{ x }}", R"({"x": 1})", "in a comment"},
        Bad{"/* {{ x }} */", R"({"x": 1})", "in a comment"}, Bad{"// {{ x }}", R"({"x": 1})", "in a comment"},
        Bad{"a = <<E\n{{ x }}\nE\n", R"({"x": 1})", "in a heredoc"},
        Bad{"a = <<-E\n ${ \"{{ x }}\" }\nE\n", R"({"x": 1})", "inside ${ }"},
        Bad{R"(a = "${f({{ x }})}")", R"({"x": 1})", "inside ${ }"},
        Bad{R"(a = "${{ x }}")", R"({"x": 1})", "two ways"}, Bad{R"(a = "$${{ x }}")", R"({"x": 1})", "two ways"},
        Bad{R"(a = "%{{ x }}")", R"({"x": 1})", "two ways"}, Bad{R"(a = "\{{ x }}")", R"({"x": 1})", "escapes nothing"},
        Bad{R"(a = "${{ "{{" }}")", "{}", "two ways"}, Bad{"a = {{ \"{{\" }}", "{}", "only stand in a string"},
        Bad{"a = b{{ x }}", R"({"x": 1})", "apart from words"}, Bad{"a = {{ x }}b", R"({"x": 1})", "apart from words"},
        Bad{"a = b-{{ x }}", R"({"x": 1})", "apart from words"},
        Bad{"a = b {{ x }}", R"({"x": 1})", "apart from words"},
        Bad{"{{ x }} = 1", R"({"x": "a"})", "apart from words"}, Bad{"b {{ x }} {}", R"({"x": "a"})", "apart from"},
        Bad{"a = <<{{ x }}\n", R"({"x": true})", "heredoc's marker"},
        Bad{R"(a = "{{ x }}")", R"({"x": ["a"]})", "no string, number or boolean"},
        Bad{R"(a = "{{ x }}")", R"({"x": "\u0000"})", "NUL"}, Bad{"a = {{ x }}", R"({"x": {"\u0000": 1}})", "NUL"},
        Bad{"a = {{ x }}", R"({"x": 123456789012345678901234567890})", "too large"}, Bad{"a = \"b", "{}", "not closed"},
        Bad{"a = {", "{}", "not closed"}, Bad{"a = }", "{}", "too many"}, Bad{"a = <<E\nb", "{}", "not closed"},
        Bad{"/* ", "{}", "not closed"}, Bad{"a = \"\xff\"", "{}", "UTF-8"}, Bad{"a = 1", "[1]", "no JSON object"},
        Bad{"a = 1", R"({"a b": 1})", "names are letters"}));

TEST(TemplateTest, NamesWhatTheTemplateDoesNotUse) {
  const auto rendered = render_template("t", "a = {{ x }}", R"({"x": 1, "y": 2})");

  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->unused, (std::vector<std::string>{"y"}));
}

TEST(TemplateTest, NoErrorTellsAValue) {
  const auto rendered = render_template("t", "a = b{{ x }}", R"({"x": "hunter2"})");

  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().message().find("hunter2"), std::string::npos);
}

TEST(TemplateTest, TooMuchIsRefused) {
  EXPECT_FALSE(render_template("t", std::string(kMaxTemplateBytes + 1, ' '), "{}"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a = {{ x }}\n";
  const std::string large = R"({"x": ")" + std::string(100'000, 'v') + "\"}";
  const auto rendered = render_template("t", many, large);
  ASSERT_FALSE(rendered);
  EXPECT_NE(rendered.error().message().find("4 MiB"), std::string::npos);
}

}  // namespace
}  // namespace stackscaler::stack
