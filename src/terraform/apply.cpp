// SPDX-License-Identifier: Apache-2.0
#include "terraform/apply.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;

asio::awaitable<Result<ChildProcess>> start_apply(Services& services, Target target, OperationFolder folder,
                                                  std::string operation, int lock_fd) {
  ChildSpec spec;
  spec.program = services.tool.binary();
  spec.arguments = {"apply", "-json", "-input=false", lock_timeout(services), folder.plan_file().string()};
  spec.environment = services.tool.environment(operation, workspace_variable(target.entry.folder, target.workspace),
                                               target.environment);
  spec.folder = target.entry.folder;
  spec.lock_fd = lock_fd;
  auto begin = [executor = services.executor, spec = std::move(spec),
                folder = std::move(folder)]() mutable -> Result<ChildProcess> {
    auto out = create_private(folder.apply_stream());
    if (!out) return fail(std::move(out).error());
    auto err = create_private(folder.apply_errors());
    if (!err) return fail(std::move(err).error());
    spec.stdout_fd = out->get();
    spec.stderr_fd = err->get();
    return ChildProcess::spawn(executor, spec);
  };
  co_return co_await offload(services.pool, std::move(begin));
}

}  // namespace stackscaler::terraform
