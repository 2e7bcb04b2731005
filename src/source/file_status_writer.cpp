// SPDX-License-Identifier: Apache-2.0
#include "source/file_status_writer.hpp"

#include "policy/status_yaml.hpp"
#include "source/detail/exchange.hpp"

namespace stackscaler::source {

boost::asio::awaitable<Result<void>> FileStatusWriter::write(policy::PolicyKey key, policy::Status status) {
  if (mode_ == StatusMode::none) co_return Result<void>{};
  const auto path = index_.file_of(key);
  if (!path) co_return fail(ErrorKind::not_found, "no file holds the policy " + key.str());
  auto job = [file = *path, wanted = std::move(key), state = std::move(status), defaults = defaults_] {
    const detail::ExchangeHooks no_hooks;
    return detail::write_status_inline(file, wanted, policy::render_status(state), defaults, no_hooks);
  };
  Result<void> written = co_await offload(pool_, std::move(job));
  co_return written;
}

}  // namespace stackscaler::source
