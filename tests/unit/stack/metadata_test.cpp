// SPDX-License-Identifier: Apache-2.0
#include "stack/metadata.hpp"

#include <gtest/gtest.h>

namespace stackscaler::stack {
namespace {

constexpr const char* kForeign = R"({
  "zone": "b",
  "template": "web.tf.j2",
  "context": {
    "ami": "ami-1",
    "instance_count": 2,
    "tags": ["x", "y"]
  },
  "last_scaled_at": "2026-01-05T10:00:00Z",
  "last_scale_reason": "load",
  "publicContext": ["ami"],
  "terraform": {
    "note": "kept",
    "workspace": "default",
    "backend": "s3",
    "lineage": "l-1",
    "serial": 7,
    "resource": "aws_instance.app",
    "variable": "instance_count",
    "dependents": []
  },
  "alpha": {"deep": [1, 2.5, null]}
}
)";

TEST(MetadataTest, ReadsWhatIsThere) {
  const auto metadata = parse_metadata(kForeign);

  ASSERT_TRUE(metadata) << metadata.error().message();
  EXPECT_EQ(metadata->template_, "web.tf.j2");
  EXPECT_EQ(metadata->instance_count, 2);
  EXPECT_EQ(metadata->last_scale_reason, "load");
  EXPECT_EQ(metadata->public_context, (std::vector<std::string>{"ami"}));
  ASSERT_TRUE(metadata->terraform);
  EXPECT_EQ(metadata->terraform->serial, 7U);
  EXPECT_EQ(metadata->terraform->backend, "s3");
}

TEST(MetadataTest, UnknownFieldsAndTheOrderOfKeysSurviveARewrite) {
  auto metadata = parse_metadata(kForeign).value();
  metadata.instance_count = 3;
  metadata.terraform->serial = 9;

  const auto text = render_metadata(metadata);

  ASSERT_TRUE(text);
  const auto position = [&](const char* key) { return text->find(std::string("\"") + key + "\""); };
  EXPECT_LT(position("zone"), position("template"));
  EXPECT_LT(position("template"), position("context"));
  EXPECT_LT(position("publicContext"), position("note"));
  EXPECT_LT(position("note"), position("alpha"));
  EXPECT_NE(text->find("\"instance_count\": 3"), std::string::npos);
  EXPECT_NE(text->find("\"serial\": 9"), std::string::npos);
  EXPECT_NE(text->find("\"note\": \"kept\""), std::string::npos);
  EXPECT_NE(text->find("2.5"), std::string::npos);
}

TEST(MetadataTest, RewritingWithoutAChangeIsStable) {
  const auto once = render_metadata(parse_metadata(kForeign).value()).value();

  EXPECT_EQ(render_metadata(parse_metadata(once).value()).value(), once);
}

TEST(MetadataTest, NewMetadataRoundTrips) {
  Metadata metadata;
  metadata.instance_count = 1;
  metadata.terraform.emplace().lineage = "l";
  metadata.terraform->dependents = {"a.b"};
  metadata.terraform->folder = "/srv/web";

  const auto again = parse_metadata(render_metadata(metadata).value());

  ASSERT_TRUE(again);
  EXPECT_EQ(again->instance_count, 1);
  EXPECT_EQ(again->terraform->folder, "/srv/web");
  EXPECT_EQ(again->terraform->dependents, (std::vector<std::string>{"a.b"}));
}

TEST(MetadataTest, AStackOfAnotherToolHasNoTerraformRecord) {
  const auto metadata = parse_metadata(R"({"template": {"name": "t"}, "context": {"instance_count": "2"}})");

  ASSERT_TRUE(metadata);
  EXPECT_FALSE(metadata->terraform);
  EXPECT_FALSE(metadata->instance_count);
}

struct BadCase {
  const char* name;
  const char* text;
  const char* says;
};
class BadMetadataTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadMetadataTest, IsRefusedWithTheField) {
  const auto metadata = parse_metadata(GetParam().text);

  ASSERT_FALSE(metadata);
  EXPECT_EQ(metadata.error().kind(), ErrorKind::invalid_input);
  EXPECT_NE(metadata.error().message().find(GetParam().says), std::string::npos) << metadata.error().message();
}

INSTANTIATE_TEST_SUITE_P(All, BadMetadataTest,
                         ::testing::Values(BadCase{"Empty", "", "not a JSON object"},
                                           BadCase{"List", "[]", "not a JSON object"},
                                           BadCase{"Torn", "{\"a\": ", "not a JSON object"},
                                           BadCase{"Time", R"({"last_scaled_at": 5})", "last_scaled_at"},
                                           BadCase{"Serial", R"({"terraform": {"serial": -1}})", "terraform.serial"},
                                           BadCase{"Names", R"({"publicContext": [1]})", "publicContext"},
                                           BadCase{"Record", R"({"terraform": []})", "terraform must be an object"}),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(Law8SecretsStayInside, PrivateValuesAreTheContextsTextsThatAreNotPublic) {
  const auto metadata = parse_metadata(R"({"publicContext": ["region"], "context": {"region": "eu-central-1",
      "password": "hunter22", "tags": {"note": ["deep", 5]}, "instance_count": 3}})");

  ASSERT_TRUE(metadata);
  EXPECT_EQ(private_values(*metadata), (std::vector<std::string>{"hunter22", "deep"}));
}

}  // namespace
}  // namespace stackscaler::stack
