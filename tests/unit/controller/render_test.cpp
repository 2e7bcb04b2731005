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

  EXPECT_EQ(render_stack(row), "id:              web\nactive:          false\nproblem:         the state is locked\n");
}

TEST(RenderStack, ActiveIsWhatTheStateSaysElseTheLastKnownCountUnlessDestroyed) {
  StackRow row;
  row.listed.id = "web";
  stack::StackEntry entry;
  entry.metadata.instance_count = 2;
  row.listed.entry = std::move(entry);
  const auto says = [&row](const char* active) {
    return render_stack(row).find(std::string("active:          ") + active + "\n") != std::string::npos;
  };

  EXPECT_TRUE(says("true")) << "nobody could read the state";
  row.destroyed = true;
  EXPECT_TRUE(says("false"));
  row.destroyed = false;
  row.view.emplace().count = 0;
  EXPECT_TRUE(says("false"));
}

}  // namespace
}  // namespace stackscaler::controller
