// SPDX-License-Identifier: Apache-2.0
//
// ApiBridge's views of stacks, their metrics and policies' texts: what needs files or servers.
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/api_bridge.hpp"
#include "controller/ceiling.hpp"
#include "controller/policy_text.hpp"
#include "policy/implicit.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;

namespace {

// Values as they are only where publicContext names them; the count is no secret.
std::string redacted_context(const stack::Metadata& metadata) {
  using nlohmann::ordered_json;
  const ordered_json root = ordered_json::parse(metadata.raw, nullptr, /*allow_exceptions=*/false);
  ordered_json out = ordered_json::object();
  if (!root.is_object() || !root.contains("context") || !root["context"].is_object()) return out.dump();
  const auto& shown = metadata.public_context;
  for (const auto& [name, value] : root["context"].items()) {
    const bool open = name == "instance_count" || std::find(shown.begin(), shown.end(), name) != shown.end();
    out[name] = open ? value : ordered_json("***");
  }
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

api::StackView view_of(const stack::ListedStack& listed) {
  api::StackView out;
  out.id = listed.id;
  out.problem = listed.problem;
  if (!listed.entry) return out;
  const stack::Metadata& m = listed.entry->metadata;
  out.count = m.instance_count;
  out.active = m.instance_count.value_or(0) > 0;
  out.template_ = m.template_;
  out.last_scaled_at = m.last_scaled_at;
  out.last_scale_reason = m.last_scale_reason;
  if (m.terraform) {
    out.workspace = m.terraform->workspace;
    out.resource = m.terraform->resource;
  }
  out.context = redacted_context(m);
  return out;
}

}  // namespace

asio::awaitable<Result<api::PolicyText>> ApiBridge::text(policy::PolicyKey key) {
  const auto file = program_.index.file_of(key);
  const auto policy = policy_named(key);
  api::PolicyText out;
  if (!file || policy == nullptr) co_return out;
  auto read = [path = *file, key, digest = policy->spec_digest, defaults = program_.options.defaults] {
    return read_policy_text(path, key, digest, defaults);
  };
  auto text = co_await offload(program_.pool, std::move(read));
  out.yaml = std::move(text.yaml);
  out.is_loaded = text.is_loaded;
  co_return out;
}

// The counts are those of the loop's last reading, else the last known: no state is asked for here.
asio::awaitable<Result<std::vector<api::StackView>>> ApiBridge::stacks() {
  auto list = [this] { return program_.registry.list(); };
  auto listed = co_await offload(program_.pool, std::move(list));
  if (!listed) co_return fail(std::move(listed).error());
  std::vector<api::StackView> out;
  for (const stack::ListedStack& one : *listed) {
    api::StackView view = view_of(one);
    const auto key = policy_of(view.id);
    const PolicyMemory* const memory = key ? loop_.memory(*key) : nullptr;
    if (memory != nullptr && memory->view) {
      view.count = memory->view->count;
      view.active = view.count > 0;
      view.resource = memory->view->resource;
    }
    out.push_back(std::move(view));
  }
  co_return out;
}

asio::awaitable<Result<api::StackView>> ApiBridge::stack(std::string id) {
  auto load = [this, id] { return program_.registry.load(id); };
  auto entry = co_await offload(program_.pool, std::move(load));
  if (!entry) co_return fail(std::move(entry).error());
  stack::ListedStack listed;
  listed.id = id;
  listed.entry = std::move(*entry);
  api::StackView out = view_of(listed);
  policy::StackRef ref;
  ref.id = id;
  if (!out.workspace.empty()) ref.workspace = out.workspace;
  auto view = co_await program_.driver->observe(std::move(ref));
  if (view) {
    out.count = view->count;
    out.active = view->count > 0;
    out.resource = view->resource;
    out.indexes = view->indexes;
  } else {
    out.problem = view.error().message();
    out.active = out.active && view.error().reason() != policy::reason::kStateChanged;
  }
  co_return out;
}

asio::awaitable<Result<std::shared_ptr<const policy::ScalingPolicy>>> ApiBridge::policy_for(std::string stack) {
  using Shared = std::shared_ptr<const policy::ScalingPolicy>;
  if (const auto key = policy_of(stack)) {
    if (auto known = policy_named(*key)) co_return known;
  }
  auto load = [this, stack] { return program_.registry.load(stack); };
  auto entry = co_await offload(program_.pool, std::move(load));
  if (!entry) co_return fail(std::move(entry).error());
  const std::string workspace = entry->metadata.terraform ? entry->metadata.terraform->workspace : "default";
  auto made = policy::implicit_policy(stack, workspace, program_.options.defaults);
  if (program_.options.ceiling) (void)cut_to_ceiling(made.spec, *program_.options.ceiling);
  co_return Shared(std::make_shared<const policy::ScalingPolicy>(std::move(made)));
}

asio::awaitable<Result<api::MetricsView>> ApiBridge::metrics(std::string stack) {
  auto policy = co_await policy_for(std::move(stack));
  if (!policy) co_return fail(std::move(policy).error());
  const auto kept = *policy;
  auto reading = co_await program_.metrics->read(*kept);
  api::MetricsView out;
  out.time = program_.clock.wall_now();
  out.metrics = std::move(reading.metrics);
  out.reporting = reading.reporting;
  co_return out;
}

}  // namespace stackscaler::controller
