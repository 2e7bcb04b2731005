// SPDX-License-Identifier: Apache-2.0
//
// What names may look like, at the edges of each rule.
#include "policy/detail/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace stackscaler::policy::detail {
namespace {

struct Case {
  const char* rule;
  bool (*accepts)(std::string_view);
  std::string text;
  bool good;
};

std::string a(std::size_t n) {
  return std::string(n, 'a');
}

const Case kCases[] = {
    {"label", is_dns_label, "a", true},
    {"label", is_dns_label, "0-a", true},
    {"label", is_dns_label, a(63), true},
    {"label", is_dns_label, a(64), false},
    {"label", is_dns_label, "", false},
    {"label", is_dns_label, "-a", false},
    {"label", is_dns_label, "a-", false},
    {"label", is_dns_label, "A", false},
    {"label", is_dns_label, "a.b", false},
    {"label", is_dns_label, "_implicit", false},
    {"label", is_dns_label, "\xC3\xA4", false},
    {"subdomain", is_dns_subdomain, "a.b-c.0", true},
    {"subdomain", is_dns_subdomain, a(253), true},
    {"subdomain", is_dns_subdomain, a(254), false},
    {"subdomain", is_dns_subdomain, "a.", false},
    {"subdomain", is_dns_subdomain, ".a", false},
    {"subdomain", is_dns_subdomain, "a..b", false},
    {"subdomain", is_dns_subdomain, "a.-b", false},
    {"subdomain", is_dns_subdomain, "a.b-.c", false},
    {"subdomain", is_dns_subdomain, "a_b", false},
    {"subdomain", is_dns_subdomain, "a/b", false},
    {"subdomain", is_dns_subdomain, "", false},
    {"stack id", is_stack_id, "Web_1.a-b", true},
    {"stack id", is_stack_id, a(63), true},
    {"stack id", is_stack_id, a(64), false},
    {"stack id", is_stack_id, ".a", false},
    {"stack id", is_stack_id, "-a", false},
    {"stack id", is_stack_id, "a..b", false},
    {"stack id", is_stack_id, "a/b", false},
    {"stack id", is_stack_id, "", false},
    {"metric", is_metric_name, "cpu-1_a", true},
    {"metric", is_metric_name, "1", true},
    {"metric", is_metric_name, a(64), false},
    {"metric", is_metric_name, "_a", false},
    {"metric", is_metric_name, "Cpu", false},
    {"metric", is_metric_name, "a.b", false},
    {"terraform", is_terraform_name, "_a-1", true},
    {"terraform", is_terraform_name, a(255), true},
    {"terraform", is_terraform_name, a(256), false},
    {"terraform", is_terraform_name, "1a", false},
    {"terraform", is_terraform_name, "-a", false},
    {"terraform", is_terraform_name, "a.b", false},
    {"reserved", is_reserved_variable, "count", true},
    {"reserved", is_reserved_variable, "counts", false},
    {"address", is_resource_address, "aws_instance.app", true},
    {"address", is_resource_address, "module.a.module.b.aws_instance.app", true},
    {"address", is_resource_address, "module.a", false},
    {"address", is_resource_address, "module.a.aws_instance", false},
    {"address", is_resource_address, "data.aws_ami.x", false},
    {"address", is_resource_address, "aws_instance.app[0]", false},
    {"address", is_resource_address, "module.a[0].aws_instance.app", false},
    {"address", is_resource_address, "aws_instance.app.", false},
    {"address", is_resource_address, "aws_instance", false},
    {"address", is_resource_address, "t." + a(1023), false},
    {"workspace", is_workspace, "a.b_c~d-1", true},
    {"workspace", is_workspace, a(90), true},
    {"workspace", is_workspace, a(91), false},
    {"workspace", is_workspace, ".", false},
    {"workspace", is_workspace, "..", false},
    {"workspace", is_workspace, "-a", false},
    {"workspace", is_workspace, "a/b", false},
    {"environment", is_environment_name, "_A1", true},
    {"environment", is_environment_name, a(129), false},
    {"environment", is_environment_name, "1A", false},
    {"environment", is_environment_name, "A-B", false},
    {"environment", is_environment_name, "A=B", false},
    {"url", is_http_url, "http://a", true},
    {"url", is_http_url, "https://a:8/x?y#z", true},
    {"url", is_http_url, "http://", false},
    {"url", is_http_url, "http:///x", false},
    {"url", is_http_url, "ftp://a", false},
    {"url", is_http_url, "http://u:p@a", false},
    {"url", is_http_url, "http://a/x@y", true},
    {"url", is_http_url, "http://a b", false},
    {"url", is_http_url, "http://\xC3\xA4", false},
    {"url", is_http_url, "http://" + a(2048), false},
    {"path", is_path, "../a b", true},
    {"path", is_path, a(4096), true},
    {"path", is_path, a(4097), false},
    {"path", is_path, "", false},
    {"path", is_path, "a\nb", false},
    {"path", is_path, std::string("a\0b", 3), false},
    {"path", is_path, "a\x7f", false},
    {"text", is_clean_text, "a\n\tb\r\n", true},
    {"text", is_clean_text, std::string("a\0b", 3), false},
    {"text", is_clean_text, "\x1b[31m", false},
    {"text", is_clean_text, "\x7f", false},
};

TEST(NamesTest, AreAcceptedUpToTheEdgeOfEachRule) {
  for (const Case& c : kCases) {
    EXPECT_EQ(c.accepts(c.text), c.good) << c.rule << ": " << (c.text.size() > 80 ? "(long)" : c.text);
  }
}

}  // namespace
}  // namespace stackscaler::policy::detail
