// SPDX-License-Identifier: Apache-2.0
#include "terraform/doctor_query.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/address.hpp"
#include "terraform/scratch.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr std::size_t kMaxQuery = 256 * 1024;
constexpr std::size_t kMaxLockFile = 1U << 20U;
constexpr std::size_t kMaxIds = 100'000;
constexpr std::size_t kMaxIdLength = 512;
constexpr const char* kPlan = "query.tfplan";

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_variable_file(const std::string& name) {
  return name == "terraform.tfvars" || name == "terraform.tfvars.json" || name.ends_with(".auto.tfvars") ||
         name.ends_with(".auto.tfvars.json");
}

// For a count of a module: "module.a.module.m[3]" is split at its one integer index.
void split_module(const std::string& module, const std::string& name, KnownIds& known) {
  for (std::size_t open = module.find('['); open != std::string::npos; open = module.find('[', open + 1)) {
    const std::size_t end = module.find_first_not_of("0123456789", open + 1);
    if (end == std::string::npos || end == open + 1 || module[end] != ']') continue;
    known.before = module.substr(0, open + 1);
    known.after = module.substr(end) + "." + name;
    return;
  }
}

// Fills the scratch folder.
Result<void> lay_out(const fs::path& scratch, const fs::path& stack, const std::string& id, const std::string& query) {
  std::error_code ec;
  fs::create_directories(scratch.parent_path(), ec);
  if (::mkdir(scratch.c_str(), 0700) != 0) {
    return fail(ErrorKind::unavailable, "cannot make " + scratch.string() + ": " + std::strerror(errno));
  }
  if (auto written = write_file_atomic(scratch / "main.tf", query, 0600); !written) return written;
  if (auto lock = read_file(stack / ".terraform.lock.hcl", kMaxLockFile)) {
    if (auto written = write_file_atomic(scratch / ".terraform.lock.hcl", *lock, 0600); !written) return written;
  }
  fs::directory_iterator files(stack, ec);
  for (const fs::directory_iterator end; !ec && files != end; files.increment(ec)) {
    const std::string name = files->path().filename().string();
    if (!is_variable_file(name)) continue;
    std::error_code linked;
    fs::create_symlink(fs::absolute(files->path()), scratch / name, linked);
    if (linked) return fail(ErrorKind::unavailable, "cannot link " + name + ": " + linked.message());
  }
  // Last in the order of the alphabet, so nothing else wins over it.
  return write_file_atomic(scratch / "zzz_stackscaler.auto.tfvars.json", Json{{"stackscaler_stack", id}}.dump() + "\n",
                           0600);
}

// One call of terraform in the scratch folder.
asio::awaitable<Result<std::string>> call(Services& services, const Target& target, fs::path scratch,
                                          std::vector<std::string> arguments, Duration deadline) {
  const std::string name = "terraform " + arguments.front();
  RunSpec spec = run_spec(services, target, std::move(arguments), deadline);
  spec.folder = std::move(scratch);
  spec.workspace.clear();
  spec.running = &services.plans;
  spec.stopping = &services.stopping;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (result->exit.success()) co_return std::move(result->out);
  const std::string why = result->timed_out ? "no end within " + format_duration(deadline) : stderr_text(result->err);
  co_return fail(ErrorKind::unavailable, name + " of the query failed: " + why);
}

}  // namespace

std::string made_query(const std::string& type, const std::string& stack) {
  if (type != "aws_instance") return {};
  return "provider \"aws\" {}\n\n"
         "data \"aws_instances\" \"stack\" {\n"
         "  instance_state_names = [\"pending\", \"running\", \"stopping\", \"stopped\"]\n"
         "  filter {\n"
         "    name   = \"tag:stackscaler:stack\"\n"
         "    values = [\"" +
         stack +
         "\"]\n"
         "  }\n"
         "}\n\n"
         "output \"instances\" {\n"
         "  value = data.aws_instances.stack.ids\n"
         "}\n";
}

Result<std::string> find_query(const Target& target, const fs::path& given) {
  if (!given.empty()) return read_file(given, kMaxQuery);
  for (const fs::path& folder : {target.entry.home, target.entry.folder}) {
    auto text = read_file(folder / kQueryFile, kMaxQuery);
    if (text || text.error().kind() != ErrorKind::not_found) return text;
  }
  const auto address = parse_address(target.resource);
  const std::string type = address ? address->type : std::string();
  std::string made = made_query(type, target.entry.id);
  if (!made.empty()) return made;
  return fail(ErrorKind::not_found, "not looked for: how to list what exists of type " + type +
                                        " is not known; write a query (" + kQueryFile +
                                        " beside the stack, or --query)");
}

Result<std::set<std::string>> parse_answer(std::string_view json) {
  const auto unexpected = [](const char* what) {
    return fail(ErrorKind::invalid_input, std::string("the query's answer can't be used: ") + what);
  };
  const Json parsed = Json::parse(json, nullptr, false);
  const Json::json_pointer at("/planned_values/outputs/instances");
  if (!parsed.is_object() || !parsed.contains(at)) {
    return unexpected("it has no output \"instances\", or none that is known before an apply");
  }
  const Json& output = parsed.at(at);
  const auto value = output.is_object() ? output.find("value") : output.end();
  if (!output.is_object() || value == output.end() || !value->is_array()) {
    return unexpected("the output \"instances\" is no list that is known before an apply");
  }
  if (value->size() > kMaxIds) return unexpected("the output \"instances\" is too long");
  std::set<std::string> ids;
  for (const Json& id : *value) {
    if (!id.is_string() || id.get_ref<const std::string&>().empty() ||
        id.get_ref<const std::string&>().size() > kMaxIdLength) {
      return unexpected("the output \"instances\" must hold ids, each a text of up to 512 bytes");
    }
    ids.insert(id.get<std::string>());
  }
  return ids;
}

KnownIds known_ids(std::string_view state, const std::string& base) {
  KnownIds known{.all = {}, .counted = {}, .before = base + "[", .after = "]"};
  const Json json = Json::parse(state, nullptr, false);
  if (!json.is_object() || !json.contains("resources") || !json["resources"].is_array()) return known;
  for (const Json& resource : json["resources"]) {
    if (!resource.is_object() || text_of(resource, "mode") != "managed") continue;
    const auto instances = resource.find("instances");
    if (instances == resource.end() || !instances->is_array()) continue;
    const std::string module = text_of(resource, "module");
    const std::string name = text_of(resource, "type") + "." + text_of(resource, "name");
    std::string full = module;
    if (!module.empty()) full += ".";
    full += name;
    const auto address = parse_address(full);
    if (address && address->base == base && address->index_in_module) split_module(module, name, known);
    for (const Json& instance : *instances) {
      if (!instance.is_object() || !instance.contains("attributes") || !instance["attributes"].is_object()) continue;
      const std::string id = text_of(instance["attributes"], "id");
      if (id.empty()) continue;
      // What a replacement has left to be deleted is known, and no instance of its own.
      known.all.insert(id);
      if (address && address->base == base && text_of(instance, "deposed").empty()) known.counted.insert(id);
    }
  }
  return known;
}

asio::awaitable<Result<std::set<std::string>>> ask(Services& services, const Target& target, std::string query) {
  const fs::path scratch = services.options.data / ("doctor-" + services.random.id());
  const fs::path stack = target.entry.folder;
  const ScratchFolder remover(scratch);
  auto prepare = [scratch, stack, id = target.entry.id, text = std::move(query)]() -> Result<bool> {
    auto laid = lay_out(scratch, stack, id, text);
    if (!laid) return fail(std::move(laid).error());
    std::error_code ec;
    return fs::is_directory(stack / ".terraform" / "providers", ec);
  };
  auto has_providers = co_await offload(services.pool, std::move(prepare));
  if (!has_providers) co_return fail(std::move(has_providers).error());
  std::vector<std::string> init{"init", "-input=false", "-no-color"};
  // What the stack's own init has installed: the same provider, and nothing is fetched.
  if (*has_providers) init.push_back("-plugin-dir=" + fs::absolute(stack / ".terraform" / "providers").string());
  {
    co_await services.init_slots.acquire();
    const SlotHolder holder(services.init_slots);
    auto initialised = co_await call(services, target, scratch, std::move(init), services.options.init_deadline);
    if (!initialised) co_return fail(std::move(initialised).error());
  }
  std::vector<std::string> plan{"plan", "-input=false", "-no-color", "-lock=false", std::string("-out=") + kPlan};
  auto planned = co_await call(services, target, scratch, std::move(plan), services.options.plan_deadline);
  if (!planned) co_return fail(std::move(planned).error());
  std::vector<std::string> show{"show", "-json", "-no-color", kPlan};
  auto shown = co_await call(services, target, scratch, std::move(show), services.options.pull_deadline);
  if (!shown) co_return fail(std::move(shown).error());
  co_return parse_answer(*shown);
}

}  // namespace stackscaler::terraform
