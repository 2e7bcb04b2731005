// SPDX-License-Identifier: Apache-2.0
//
// What a value looks like to a real Terraform: the value itself, whatever it holds and wherever it stands.
#include "stack/template.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rig.hpp"
#include "support/terraform_stack.hpp"

namespace stackscaler::test {
namespace {

using Json = nlohmann::json;

std::vector<std::string> hostile_values() {
  std::vector<std::string> values{"",
                                  " ",
                                  "plain",
                                  "\"",
                                  "\"\"",
                                  "\\",
                                  "\\\\",
                                  "a\\",
                                  "a\\\"",
                                  "\\\"",
                                  "\\n",
                                  "\n",
                                  "\r",
                                  "\r\n",
                                  "\t",
                                  "a\nb\n",
                                  "${1+1}",
                                  "%{if true}x%{endif}",
                                  "$${1}",
                                  "$$${1}",
                                  "$$$${1}",
                                  "%%{1}",
                                  "%%%{1}",
                                  "$",
                                  "$$",
                                  "$$$",
                                  "%",
                                  "%%",
                                  "{",
                                  "}",
                                  "{1+1}",
                                  "}}",
                                  "{{",
                                  "{{ v0 }}",
                                  "{{ \"{{\" }}",
                                  "\" } resource \"x\" \"y\" { #",
                                  "\"\nx = 1\n",
                                  "\"]\n}\noutput \"p\" {\nvalue = 1\n}\n",
                                  "<<EOT\nx\nEOT\n",
                                  "EOT",
                                  "\nEOT\n",
                                  "#",
                                  "//",
                                  "/*",
                                  "*/",
                                  "# x\n",
                                  "\\u0024{1}",
                                  "\\u0022",
                                  "\\U0001F600",
                                  "\xE2\x80\xA8",
                                  "\xE2\x80\xA9",
                                  "\xC2\x85",
                                  "\xEF\xBB\xBF",
                                  "\x01",
                                  "\x1b[31m",
                                  "\x7f",
                                  "\xF0\x9F\x98\x80",
                                  "file(\"/etc/passwd\")",
                                  "${file(\"/etc/passwd\")}",
                                  "~}",
                                  "${~ 1 ~}",
                                  "null",
                                  "true",
                                  "[1]",
                                  "'",
                                  "`id`",
                                  "$(id)",
                                  "\v\f\b\a"};
  return values;
}

TEST(TemplateContractTest, EveryValueComesBackAsItWas) {
  STK_NEED_TERRAFORM();
  const std::vector<std::string> values = hostile_values();
  Json context = Json::object();
  std::string text = "variable \"instance_count\" {\n  type = number\n}\n";
  Json expected = Json::object();
  std::string body;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string n = std::to_string(i);
    const std::string& v = values[i];
    context["v" + n] = v;
    context["l" + n] = Json::array({v, 1, true, Json::object({{"k" + v, v}})});
    expected["bare" + n] = v;
    expected["string" + n] = v;
    expected["between" + n] = "<" + v + "{1}" + v + v + "}";
    expected["list" + n] = context["l" + n];
    body += "    bare" + n + " = {{ v" + n + " }}\n    string" + n + " = \"{{ v" + n + " }}\"\n    between" + n +
            " = \"<{{v" + n + "}}{1}{{v" + n + "}}{{ v" + n + " }}}\"\n    list" + n + " = [for e in {{ l" + n +
            " }} : e]\n";
  }
  text += "resource \"terraform_data\" \"app\" {\n  count = var.instance_count\n  input = {\n" + body +
          "  }\n}\noutput \"all\" {\n  value = terraform_data.app[0].output\n}\n";
  const auto rendered = stack::render_template("main.tf.tpl", text, context.dump());
  ASSERT_TRUE(rendered) << rendered.error().message();

  const TerraformStack real(1, rendered->text);

  const Json all = Json::parse(real.terraform("output -json all"));
  ASSERT_GE(values.size(), 50U);
  EXPECT_EQ(all.size(), expected.size());
  for (const auto& item : expected.items()) EXPECT_EQ(all.at(item.key()), item.value()) << item.key();
}

}  // namespace
}  // namespace stackscaler::test
