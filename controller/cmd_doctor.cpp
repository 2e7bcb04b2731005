// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler stack doctor`.
#include <cstdio>

#include "controller/commands.hpp"
#include "controller/program.hpp"
#include "controller/render.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  return 1;
}

asio::awaitable<void> examine(Program& program, Result<terraform::DoctorReport>& out) {
  terraform::DoctorRequest request;
  request.stack.id = program.options.stack_id;
  request.query = program.options.query;
  auto entry = program.registry.load(program.options.stack_id);
  if (entry && entry->metadata.terraform) request.stack.workspace = entry->metadata.terraform->workspace;
  out = co_await program.terraform->examine(std::move(request));
}

}  // namespace

int stack_doctor(const Options& options) {
  auto program = Program::make(options);
  if (!program) return complain(program.error());
  Result<terraform::DoctorReport> report = terraform::DoctorReport{};
  (*program)->run(examine(**program, report));
  if (!report) return complain(report.error());
  std::fputs((options.output == Output::json ? render_doctor_json(*report) : render_doctor(*report)).c_str(), stdout);
  return report->sound() ? 0 : 1;
}

}  // namespace stackscaler::controller
