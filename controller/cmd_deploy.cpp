// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler stack deploy`.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "controller/commands.hpp"
#include "controller/program.hpp"
#include "stack/template.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

using Json = nlohmann::ordered_json;

int complain(const Error& error) {
  std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  return 1;
}

// The context's file with what --set adds.
Result<std::string> context_of(const Options& options) {
  Json context = Json::object();
  if (!options.context_file.empty()) {
    auto text = read_file(options.context_file, stack::kMaxTemplateBytes);
    if (!text) return text;
    context = Json::parse(*text, nullptr, false);
    if (!context.is_object()) {
      return fail(ErrorKind::invalid_input, options.context_file.string() + " is no JSON object");
    }
  }
  for (const std::string& one : options.set) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::invalid_input, "--set wants NAME=VALUE");
    }
    context[one.substr(0, equals)] = one.substr(equals + 1);
  }
  try {
    return context.dump();
  } catch (const Json::exception&) {
    return fail(ErrorKind::invalid_input, "a value of --set is not valid UTF-8");
  }
}

Result<terraform::DeployRequest> request_of(const Options& options) {
  terraform::DeployRequest request;
  request.id = options.stack_id;
  request.template_name = options.template_file.string();
  auto text = read_file(options.template_file, stack::kMaxTemplateBytes);
  if (!text) return fail(std::move(text).error());
  request.template_text = std::move(*text);
  auto context = context_of(options);
  if (!context) return fail(std::move(context).error());
  request.context = std::move(*context);
  if (options.instances > 0) request.instances = options.instances;
  request.resource = options.resource;
  return request;
}

asio::awaitable<void> deploy(Program& program, terraform::DeployRequest request, Result<terraform::DeployReport>& out) {
  ports::ProgressSink sink = [](const ports::OperationProgress& p) {
    std::fprintf(stderr, "%s: %d %s\n", p.phase.c_str(), p.to, p.progress.c_str());
  };
  if (!program.options.yes) {
    out = co_await program.terraform->deploy(nullptr, std::move(request), std::move(sink));
    co_return;
  }
  auto permit = program.gate.permit(ports::WriteRequest{ports::Origin::explicit_});
  if (!permit) {
    out = fail(std::move(permit).error());
    co_return;
  }
  const ports::WritePermit* held = &*permit;
  out = co_await program.terraform->deploy(held, std::move(request), std::move(sink));
}

}  // namespace

int stack_deploy(const Options& options) {
  auto request = request_of(options);
  if (!request) return complain(request.error());
  auto program = Program::make(options);
  if (!program) return complain(program.error());
  Result<terraform::DeployReport> report = terraform::DeployReport{};
  (*program)->run(deploy(**program, std::move(*request), report));
  if (!report) return complain(report.error());
  for (const std::string& warning : report->warnings) std::printf("warning: %s\n", warning.c_str());
  std::printf("plan of %s: %s\n", report->id.c_str(), report->summary.c_str());
  if (!report->deployed) {
    std::printf("nothing was done; to create it repeat with --yes\n");
    return 2;
  }
  std::printf("deployed %s: %d instance(s) of %s in %s\n", report->id.c_str(), report->count, report->resource.c_str(),
              report->folder.c_str());
  return 0;
}

}  // namespace stackscaler::controller
