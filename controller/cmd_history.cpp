// SPDX-License-Identifier: Apache-2.0
//
// `stackscaler explain` and `history`: what the journal has, beside a running controller or without one.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdio>

#include "async/clock.hpp"
#include "controller/commands.hpp"
#include "controller/history.hpp"
#include "journal/store.hpp"

namespace stackscaler::controller {
namespace {

int complain(const Error& error) {
  std::fprintf(stderr, "stackscaler: %s\n", error.message().c_str());
  return 1;
}

// Not made here: an empty journal would explain nothing.
Result<journal::Store> open_journal(const Options& options) {
  std::error_code ec;
  if (!std::filesystem::exists(options.data / "journal.db", ec)) {
    return fail(ErrorKind::not_found, "there is no journal in " + options.data.string() +
                                          "; name the data folder of the controller with --data");
  }
  std::string set_aside;
  auto store = journal::Store::open(options.data, set_aside);
  if (store && !set_aside.empty()) {
    std::fprintf(stderr, "stackscaler: the journal was damaged; it is kept as %s\n", set_aside.c_str());
  }
  return store;
}

// "web" is default/web, or the one policy of that name.
Result<std::string> full_name(journal::Store& store, const std::string& name) {
  auto known = store.policies_named(name);
  if (!known) return fail(std::move(known).error());
  if (known->empty()) {
    return fail(ErrorKind::not_found, "the journal has no decision on policy " + name +
                                          "; it is written when the controller first decides on it");
  }
  if (known->size() == 1) return known->front();
  std::string all;
  for (const std::string& one : *known) all += (all.empty() ? "" : ", ") + one;
  return fail(ErrorKind::invalid_input, "there are several policies " + name + ": " + all + "; name one of them");
}

}  // namespace

int explain_policy(const Options& options) {
  auto store = open_journal(options);
  if (!store) return complain(store.error());
  auto name = full_name(*store, options.policy);
  if (!name) return complain(name.error());
  auto decisions = store->decisions(*name, 1);
  if (!decisions) return complain(decisions.error());
  auto operations = store->operations(decisions->front().stack, 1);
  if (!operations) return complain(operations.error());
  std::optional<ports::OperationRecord> newest;
  if (!operations->empty()) newest = std::move(operations->front());
  const auto render = options.output == Output::json ? render_explanation_json : render_explanation;
  std::fputs(render(decisions->front(), newest).c_str(), stdout);
  return 0;
}

int show_history(const Options& options) {
  auto store = open_journal(options);
  if (!store) return complain(store.error());
  std::string policy;
  std::string stack;
  if (!options.policy.empty()) {
    auto name = full_name(*store, options.policy);
    if (!name) return complain(name.error());
    policy = std::move(*name);
  }
  auto decisions = store->decisions(policy, options.limit);
  if (!decisions) return complain(decisions.error());
  if (!policy.empty() && !decisions->empty()) stack = decisions->front().stack;
  auto operations = store->operations(stack, options.limit);
  if (!operations) return complain(operations.error());
  if (options.since) {
    boost::asio::io_context io{1};
    const WallTime begin = SystemClock(io.get_executor()).wall_now() - *options.since;
    std::erase_if(*decisions, [&](const auto& d) { return d.seen < begin; });
    std::erase_if(*operations, [&](const auto& o) { return o.started < begin; });
  }
  const auto render = options.output == Output::json ? render_history_json : render_history;
  std::fputs(render(*decisions, *operations, static_cast<std::size_t>(options.limit)).c_str(), stdout);
  return 0;
}

}  // namespace stackscaler::controller
