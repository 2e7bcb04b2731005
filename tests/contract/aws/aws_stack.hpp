// SPDX-License-Identifier: Apache-2.0
//
// AwsStack: an example of examples/ as it stands there, applied to a moto of its own, adopted as "web", with a driver.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "../terraform/rig.hpp"
#include "support/moto_process.hpp"

namespace stackscaler::test {

// Every text between <tag> and </tag>.
inline std::vector<std::string> all_of_tag(const std::string& xml, const std::string& tag) {
  std::vector<std::string> found;
  const std::regex pattern("<" + tag + ">([^<]*)</" + tag + ">");
  for (std::sregex_iterator at(xml.begin(), xml.end(), pattern); at != std::sregex_iterator(); ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

class AwsStack {
 public:
  // Throws when moto or terraform fails. `dependents`: the resources that attach the instances. `edit` may change the
  // copy of the example before it is applied.
  AwsStack(const std::string& example, int count, std::vector<std::string> dependents,
           const std::function<void(const std::filesystem::path& folder)>& edit = {}) {
    if (auto started = moto.start(); !started) throw std::runtime_error(started.error().message());
    moto.use_aws_environment();
    std::filesystem::copy(std::filesystem::path(STK_EXAMPLES) / example, folder_.path(),
                          std::filesystem::copy_options::recursive);
    write_values();
    if (edit) edit(folder_.path());
    terraform("init -input=false -no-color");
    terraform("apply -auto-approve -input=false -no-color -var instance_count=" + std::to_string(count));
    std::filesystem::create_directories(home_ / "data");
    host = std::make_unique<Host>(home_ / "data", home_ / "stacks");
    terraform::AdoptRequest request;
    request.folder = folder_.path();
    request.id = "web";
    request.resource = "aws_instance.app";
    request.dependents = std::move(dependents);
    if (auto adopted = host->adopt(std::move(request)); !adopted) throw std::runtime_error(adopted.error().message());
  }

  // The ids of running instances, as EC2 tells them.
  [[nodiscard]] std::set<std::string> running() const {
    const auto ids =
        all_of_tag(ec2("DescribeInstances&Filter.1.Name=instance-state-name&Filter.1.Value.1=running"), "instanceId");
    return {ids.begin(), ids.end()};
  }
  // Those that the classic load balancer has.
  [[nodiscard]] std::set<std::string> behind_elb() const {
    const auto ids =
        all_of_tag(moto.call("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2012-06-01"), "InstanceId");
    return {ids.begin(), ids.end()};
  }
  // By index, from the state.
  [[nodiscard]] std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    const std::string text = terraform("output -json instance_ids");
    const std::regex id("i-[0-9a-f]+");
    for (std::sregex_iterator at(text.begin(), text.end(), id); at != std::sregex_iterator(); ++at) {
      ids.push_back(at->str());
    }
    return ids;
  }
  void terminate(const std::string& id) const { (void)ec2("TerminateInstances&InstanceId.1=" + id); }
  // An instance with the stack's tag, made past Terraform; its id.
  [[nodiscard]] std::string launch_orphan() const {
    return all_of_tag(ec2("RunInstances&MinCount=1&MaxCount=1&InstanceType=t3.micro&ImageId=" + image_ +
                          "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=stackscaler%3Astack"
                          "&TagSpecification.1.Tag.1.Value=web"),
                      "instanceId")
        .at(0);
  }
  [[nodiscard]] std::filesystem::path data() const { return home_ / "data"; }
  [[nodiscard]] std::string ec2(const std::string& action) const {
    return moto.call("ec2", "Version=2016-11-15&Action=" + action);
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  std::string terraform(const std::string& arguments) const {
    FILE* const pipe =
        ::popen(("cd '" + folder_.path().string() + "' && terraform " + arguments + " 2>&1").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen failed");
    std::string output;
    char buffer[4096];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
    if (::pclose(pipe) != 0) throw std::runtime_error("terraform " + arguments + ": " + output);
    return output;
  }

  MotoProcess moto;
  std::unique_ptr<Host> host;

 private:
  void write_values() {
    const std::string vpc = all_of_tag(ec2("DescribeVpcs"), "vpcId").at(0);
    const auto subnets = all_of_tag(ec2("DescribeSubnets"), "subnetId");
    image_ = all_of_tag(ec2("DescribeImages"), "imageId").at(0);
    std::ofstream(folder_ / "terraform.tfvars")
        << "vpc_id = \"" << vpc << "\"\nsubnet_ids = [\"" << subnets.at(0) << "\", \"" << subnets.at(1)
        << "\"]\nami_id = \"" << image_ << "\"\nremote_write_url = \"http://mimir.internal:8080/api/v1/push\"\n"
        << "aws_endpoint = \"" << moto.url() << "\"\n";
  }

  std::string image_;
  TempDir folder_;
  TempDir home_;
};

}  // namespace stackscaler::test
