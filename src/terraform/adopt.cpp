// SPDX-License-Identifier: Apache-2.0
#include "terraform/adopt.hpp"

#include <algorithm>
#include <sstream>

#include "policy/reasons.hpp"
#include "terraform/address.hpp"
#include "terraform/failure.hpp"
#include "terraform/services.hpp"
#include "terraform/sizing.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

// The entry to fill: a new one, or with accept_state the one that is there.
Result<stack::StackEntry> entry_for(const stack::Registry& registry, const AdoptRequest& request) {
  if (!stack::valid_stack_id(request.id)) {
    return fail(ErrorKind::invalid_input, "'" + request.id +
                                              "' can't be the id of a stack: use letters, digits, '.', '_' and '-', "
                                              "starting with a letter or a digit");
  }
  std::error_code ec;
  const fs::path folder = fs::canonical(request.folder, ec);
  if (ec || !fs::is_directory(folder, ec)) {
    return fail(ErrorKind::not_found, request.folder.string() + " is no folder");
  }
  stack::StackEntry entry;
  entry.id = request.id;
  entry.home = registry.home_of(request.id);
  if (registry.contains(request.id)) {
    auto present = registry.load(request.id);
    if (!present) return present;
    const bool adopted = present->metadata.terraform && !present->metadata.terraform->lineage.empty();
    if (adopted && !request.accept_state) {
      return fail(ErrorKind::conflict, "stack " + request.id + " is there already (" + present->folder.string() +
                                           "); to record its state anew add --accept-state");
    }
    entry = std::move(*present);
  } else if (request.accept_state) {
    return fail(ErrorKind::not_found, reason::kStackNotAdopted,
                "there is no stack " + request.id + " whose state could be accepted; leave out --accept-state");
  }
  if (!entry.metadata.terraform) entry.metadata.terraform.emplace();
  entry.folder = folder;
  fs::create_directories(entry.home, ec);
  const bool at_home = fs::weakly_canonical(entry.home, ec) == folder;
  entry.metadata.terraform->folder = at_home ? std::string() : folder.string();
  return entry;
}

Result<void> check_variable(const fs::path& folder, const std::string& variable) {
  auto declared = declares_variable(folder, variable);
  if (!declared) return fail(std::move(declared).error());
  if (*declared) return {};
  return fail(ErrorKind::invalid_input,
              "no *.tf file in " + folder.string() + " declares variable \"" + variable +
                  "\"; declare it and use it as the resource's count, or name another one "
                  "(--variable), or the template that main.tf was rendered from (--template)");
}

Result<void> check_resource(const State& state, const std::string& resource) {
  const auto address = parse_address(resource);
  if (!address || address->index || address->data) {
    return fail(ErrorKind::invalid_input, "'" + resource + "' is no address of a resource without its index");
  }
  if (state.counted.contains(resource)) return {};
  std::string names;
  for (const auto& [base, indexes] : state.counted) names += (names.empty() ? "" : ", ") + base;
  return fail(ErrorKind::invalid_input, "the state holds no " + resource + " with a count" +
                                            (names.empty() ? std::string() : "; it holds " + one_line(names, 300)));
}

// What a person is told of the stack that was taken in.
asio::awaitable<AdoptReport> report_on(Services& services, const Target& target, const State& state,
                                       const Backend& backend) {
  const stack::TerraformRecord& record = *target.entry.metadata.terraform;
  AdoptReport report;
  report.id = target.entry.id;
  report.folder = target.entry.folder;
  report.resource = target.resource;
  report.variable = record.variable;
  report.template_file = target.template_file.string();
  report.backend = backend.kind;
  report.count = *target.entry.metadata.instance_count;
  for (std::string& proposed : propose_dependents(state, target.resource)) {
    const auto& stored = record.dependents;
    if (std::find(stored.begin(), stored.end(), proposed) == stored.end()) {
      report.proposed_dependents.push_back(std::move(proposed));
    }
  }
  if (by_template(target)) co_return report;
  auto scan = [folder = target.entry.folder, variable = record.variable] { return overriding_files(folder, variable); };
  auto overriding = co_await offload(services.pool, std::move(scan));
  for (const std::string& file : overriding) {
    report.warnings.push_back(file + " is loaded after " + kCountFile + " and names " + record.variable +
                              ": a terraform that is run by hand would use its value");
  }
  co_return report;
}

// Whether the backend has that workspace: a call there would create it.
asio::awaitable<Result<void>> check_workspace(Services& services, const Target& target, std::string workspace) {
  if (workspace == "default") co_return Result<void>{};
  std::vector<std::string> arguments{"workspace", "list"};
  RunSpec spec = run_spec(services, target, std::move(arguments), services.options.pull_deadline);
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (!result->exit.success()) {
    FailedCall failed = failed_call(services, target, "terraform workspace list", reason::kStateUnreadable);
    failed.deadline = services.options.pull_deadline;
    const PlanStream nothing;
    co_return fail(call_error(failed, *result, nothing));
  }
  // "* default\n  blue\n"
  std::istringstream lines(result->out);
  for (std::string line; std::getline(lines, line);) {
    if (one_line(line.substr(std::min<std::size_t>(2, line.size())), 1024) == workspace) co_return Result<void>{};
  }
  co_return fail(ErrorKind::not_found, "stack " + target.entry.id + ": there is no workspace " + workspace + " in " +
                                           target.entry.folder.string() + "; create it first (terraform -chdir=" +
                                           target.entry.folder.string() + " workspace new " + workspace + ")");
}

// The entry to be, with how it is sized.
Result<stack::StackEntry> begin_entry(const stack::Registry& registry, const AdoptRequest& request) {
  auto entry = entry_for(registry, request);
  if (!entry) return entry;
  std::string& recorded = entry->metadata.terraform->template_file;
  if (!request.template_file.empty()) recorded = request.template_file.string();
  if (!recorded.empty()) {
    auto put = request.context.empty() ? Result<void>() : stack::set_context(entry->metadata, request.context);
    if (!put) return fail(std::move(put).error());
    return entry;
  }
  auto declared = check_variable(entry->folder, request.variable);
  if (!declared) return fail(std::move(declared).error());
  return entry;
}

// Where a template sizes the stack: main.tf must be what it renders for the count.
asio::awaitable<Result<void>> check_template(Services& services, Target& target, int count) {
  if (!by_template(target)) co_return Result<void>{};
  auto check = [target, count] { return check_main(target, {count}); };
  auto rendered = co_await offload(services.pool, std::move(check));
  if (!rendered) co_return fail(std::move(rendered).error());
  target.entry.metadata.template_ = target.template_file.filename().string();
  co_return Result<void>{};
}

asio::awaitable<Result<AdoptReport>> take_in(Services& services, AdoptRequest request) {
  auto begin = [&registry = services.registry, request] { return begin_entry(registry, request); };
  auto entry = co_await offload(services.pool, std::move(begin));
  if (!entry) co_return fail(std::move(entry).error());
  Target target;
  target.entry = std::move(*entry);
  target.workspace = request.workspace;
  target.variable = request.variable;
  const std::string& recorded = target.entry.metadata.terraform->template_file;
  if (!recorded.empty()) target.template_file = (target.entry.home / recorded).lexically_normal();
  auto take = [home = target.entry.home] { return lock_stack(home); };
  auto lock = co_await offload(services.pool, std::move(take));
  if (!lock) co_return fail(std::move(lock).error());
  auto version = co_await services.tool.version();
  if (!version) co_return fail(std::move(version).error());

  target.redactor = redactor_for(target.environment, target.ref.backend_config, services.tool.own());

  stack::TerraformRecord& record = *target.entry.metadata.terraform;
  record.workspace = request.workspace;
  // Not in the workspace to be: init, like every call there, would create a missing one.
  target.workspace = "default";
  auto initialised = co_await ensure_init(services, target);
  if (!initialised) co_return fail(std::move(initialised).error());
  auto there = co_await check_workspace(services, target, request.workspace);
  if (!there) co_return fail(std::move(there).error());
  target.workspace = request.workspace;
  auto state = co_await pull_state(services, target);
  if (!state) co_return fail(std::move(state).error());
  if (request.resource.empty() && request.accept_state) request.resource = record.resource;
  auto found = request.resource.empty() ? find_counted(*state) : Result<std::string>(request.resource);
  if (!found) co_return fail(std::move(found).error());
  auto exists = check_resource(*state, *found);
  if (!exists) co_return fail(std::move(exists).error());
  auto rendered = co_await check_template(services, target, static_cast<int>(state->indexes(*found).size()));
  if (!rendered) co_return fail(std::move(rendered).error());
  auto look = [folder = target.entry.folder, workspace = request.workspace] { return backend_of(folder, workspace); };
  auto backend = co_await offload(services.pool, std::move(look));
  if (!backend) co_return fail(std::move(backend).error());

  target.resource = *found;
  record.resource = std::move(*found);
  record.variable = request.variable;
  record.backend = backend->kind;
  record.state_path = backend->state_file.string();
  record.serial = state->serial;
  if (!request.dependents.empty()) record.dependents = request.dependents;
  if (!request.context.empty()) {
    auto keep = [&registry = services.registry, entry = target.entry] { return registry.save(entry); };
    auto kept = co_await offload(services.pool, std::move(keep));
    if (!kept) co_return fail(std::move(kept).error());
  }
  auto saved = co_await save_metadata(services, target, *state, std::string());
  if (!saved) co_return fail(std::move(saved).error());

  co_return co_await report_on(services, target, *state, *backend);
}

}  // namespace

asio::awaitable<Result<AdoptReport>> adopt_stack(Services& services, AdoptRequest request) {
  const std::string id = request.id;
  auto report = co_await take_in(services, std::move(request));
  if (report || !stack::valid_stack_id(id)) co_return report;
  // Nothing was taken in, so nothing is left behind.
  auto tidy = [home = services.registry.home_of(id)] {
    std::error_code ec;
    if (!fs::exists(home / "deploy_metadata.json", ec)) {
      fs::remove(home / ".stackscaler.lock", ec);
      fs::remove(home, ec);  // stays if anything is in it
    }
    return true;
  };
  (void)co_await offload(services.pool, std::move(tidy));
  co_return report;
}

}  // namespace stackscaler::terraform
