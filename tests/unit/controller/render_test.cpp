// SPDX-License-Identifier: Apache-2.0
#include "controller/render.hpp"

#include <gtest/gtest.h>

namespace stackscaler::controller {
namespace {

TEST(RenderStack, ShowsAnAdoptedStackLineByLine) {
  StackRow row;
  row.listed.id = "web";
  stack::StackEntry entry;
  entry.id = "web";
  entry.folder = "/infra/web";
  entry.metadata.terraform.emplace().variable = "instance_count";
  row.listed.entry = std::move(entry);
  ports::StackView view;
  view.count = 3;
  view.resource = "terraform_data.app";
  row.view = std::move(view);

  const std::string text = render_stack(row);

  EXPECT_TRUE(text.starts_with("id:              web\n")) << text;
  EXPECT_NE(text.find("count:           3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("folder:          /infra/web\n"), std::string::npos) << text;
  EXPECT_NE(text.find("variable:        instance_count\n"), std::string::npos) << text;
}

TEST(RenderStack, SaysWhyThereIsNoCount) {
  StackRow row;
  row.listed.id = "web";
  row.problem = "the state is locked";

  EXPECT_EQ(render_stack(row), "id:              web\nproblem:         the state is locked\n");
}

}  // namespace
}  // namespace stackscaler::controller
