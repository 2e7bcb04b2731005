// SPDX-License-Identifier: Apache-2.0
#include "stack/metadata.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace stackscaler::stack {
namespace {

using Json = nlohmann::ordered_json;

// Reads an optional field of a given type. A present field of another type is an error that names it.
class Fields {
 public:
  Fields(const Json& object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

  void text(const char* key, std::string& out) {
    if (const Json* value = find(key)) {
      if (value->is_string()) {
        out = value->get<std::string>();
      } else {
        complain(key, "a string");
      }
    }
  }
  void number(const char* key, std::uint64_t& out) {
    if (const Json* value = find(key)) {
      if (value->is_number_unsigned()) {
        out = value->get<std::uint64_t>();
      } else {
        complain(key, "a number, 0 or more");
      }
    }
  }
  void texts(const char* key, std::vector<std::string>& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return complain(key, "a list of strings");
    for (const Json& item : *value) {
      if (!item.is_string()) return complain(key, "a list of strings");
      out.push_back(item.get<std::string>());
    }
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  void complain(const char* key, const char* wanted) {
    if (problem_.empty()) problem_ = prefix_ + key + " must be " + wanted;
  }

  const Json& object_;
  std::string prefix_;
  std::string problem_;
};

Result<TerraformRecord> read_record(const Json& object) {
  if (!object.is_object()) return fail(ErrorKind::invalid_input, "terraform must be an object");
  TerraformRecord record;
  Fields fields(object, "terraform.");
  fields.text("folder", record.folder);
  fields.text("workspace", record.workspace);
  fields.text("backend", record.backend);
  fields.text("lineage", record.lineage);
  fields.number("serial", record.serial);
  fields.text("resource", record.resource);
  fields.text("variable", record.variable);
  fields.text("templateFile", record.template_file);
  fields.texts("dependents", record.dependents);
  fields.text("init_fingerprint", record.init_fingerprint);
  fields.text("statePath", record.state_path);
  if (!fields.problem().empty()) return fail(ErrorKind::invalid_input, fields.problem());
  return record;
}

void set_text(Json& object, const char* key, const std::string& value) {
  if (value.empty()) {
    object.erase(key);
  } else {
    object[key] = value;
  }
}

void write_record(Json& object, const TerraformRecord& record) {
  set_text(object, "folder", record.folder);
  object["workspace"] = record.workspace;
  object["backend"] = record.backend;
  object["lineage"] = record.lineage;
  object["serial"] = record.serial;
  object["resource"] = record.resource;
  object["variable"] = record.variable;
  set_text(object, "templateFile", record.template_file);
  object["dependents"] = record.dependents;
  set_text(object, "init_fingerprint", record.init_fingerprint);
  set_text(object, "statePath", record.state_path);
}

Result<Json> parse_object(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return fail(ErrorKind::invalid_input, "not a JSON object");
  return json;
}

void collect_texts(const Json& json, std::vector<std::string>& out) {
  if (json.is_string()) out.push_back(json.get<std::string>());
  for (const Json& child : json.is_structured() ? json : Json::array()) collect_texts(child, out);
}

}  // namespace

std::vector<std::string> private_values(const Metadata& metadata) {
  std::vector<std::string> out;
  const Json json = Json::parse(metadata.raw, nullptr, false);
  if (!json.is_object() || !json.contains("context") || !json["context"].is_object()) return out;
  for (const auto& [name, value] : json["context"].items()) {
    const auto& shown = metadata.public_context;
    if (std::find(shown.begin(), shown.end(), name) == shown.end()) collect_texts(value, out);
  }
  return out;
}

Result<Metadata> parse_metadata(std::string_view text) {
  auto json = parse_object(text);
  if (!json) return fail(std::move(json).error());
  Metadata metadata;
  metadata.raw = std::string(text);
  Fields fields(*json, "");
  // A template or a reason of another type belongs to somebody else's tool: it is kept, not read.
  if (json->contains("template") && (*json)["template"].is_string()) fields.text("template", metadata.template_);
  fields.text("last_scaled_at", metadata.last_scaled_at);
  fields.text("last_scale_reason", metadata.last_scale_reason);
  fields.texts("publicContext", metadata.public_context);
  if (!fields.problem().empty()) return fail(ErrorKind::invalid_input, fields.problem());
  if (const auto context = json->find("context"); context != json->end() && context->is_object()) {
    const auto count = context->find("instance_count");
    if (count != context->end() && count->is_number_integer() && *count >= 0 && *count <= 1'000'000) {
      metadata.instance_count = count->get<int>();
    }
  }
  if (const auto terraform = json->find("terraform"); terraform != json->end()) {
    auto record = read_record(*terraform);
    if (!record) return fail(std::move(record).error());
    metadata.terraform = std::move(*record);
  }
  return metadata;
}

Result<std::string> render_metadata(const Metadata& metadata) {
  auto json = metadata.raw.empty() ? Result<Json>(Json::object()) : parse_object(metadata.raw);
  if (!json) return fail(std::move(json).error());
  Json& root = *json;
  if (!metadata.template_.empty()) root["template"] = metadata.template_;
  if (!root.contains("context") || !root["context"].is_object()) root["context"] = Json::object();
  if (metadata.instance_count) root["context"]["instance_count"] = *metadata.instance_count;
  if (!metadata.last_scaled_at.empty()) root["last_scaled_at"] = metadata.last_scaled_at;
  if (!metadata.last_scale_reason.empty()) root["last_scale_reason"] = metadata.last_scale_reason;
  if (metadata.terraform) {
    if (!root.contains("terraform") || !root["terraform"].is_object()) root["terraform"] = Json::object();
    write_record(root["terraform"], *metadata.terraform);
  }
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::string> context_with(const Metadata& metadata, const std::string& name, int value) {
  auto json = metadata.raw.empty() ? Result<Json>(Json::object()) : parse_object(metadata.raw);
  if (!json) return fail(std::move(json).error());
  Json context = Json::object();
  if (const auto found = json->find("context"); found != json->end() && found->is_object()) context = *found;
  context[name] = value;
  return context.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<void> set_context(Metadata& metadata, const std::string& json) {
  auto context = parse_object(json);
  if (!context) return fail(std::move(context).error().with_context("the context"));
  auto root = metadata.raw.empty() ? Result<Json>(Json::object()) : parse_object(metadata.raw);
  if (!root) return fail(std::move(root).error());
  (*root)["context"] = std::move(*context);
  metadata.raw = root->dump(2, ' ', false, Json::error_handler_t::replace);
  return {};
}

}  // namespace stackscaler::stack
