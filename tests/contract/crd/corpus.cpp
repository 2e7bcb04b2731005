// SPDX-License-Identifier: Apache-2.0
#include "contract/crd/corpus.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/time.hpp"

namespace stackscaler::crd {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// A document for each part between lines that begin with "---".
void split(const std::string& name, const std::string& text, std::vector<Document>& out) {
  std::istringstream lines(text);
  std::string part;
  std::vector<std::string> parts;
  for (std::string line; std::getline(lines, line);) {
    if (line == "---" || line.starts_with("--- ")) {
      parts.push_back(std::exchange(part, ""));
    } else {
      part += line + "\n";
    }
  }
  parts.push_back(part);
  if (parts.size() == 1) {
    out.push_back({name, text});
    return;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) out.push_back({name + "#" + std::to_string(i + 1), parts[i]});
}

std::string of_size(std::size_t size) {
  return std::string(size, 'x');
}

bool is_duration(const std::string& text) {
  return text == "auto" || parse_duration(text).has_value();
}

void append(std::vector<json>& out, std::initializer_list<const char*> texts) {
  for (const char* text : texts) out.emplace_back(text);
}

void append_texts(const std::string& value, std::vector<json>& out) {
  append(out, {"Two Words", "bell\a", "Ümlaut", "..", "a..b", "-a", "0"});
  if (is_duration(value)) {
    append(out,
           {"0s",     "1",  "999ms", "1s", "59s", "1m",    "30m", "30m1s",  "1h",   "61m",  "2h", "2h1ms",       "24h",
            "24h1ms", "1w", "1w1ms", "8d", "31d", "31d1s", "90d", "90d1ms", "1m1h", "1.5h", "5M", "99999999999d"});
  } else if (value.ends_with('%')) {
    append(out, {"100%", "101%", "0%", "1%", "05%", "1.5%", "1"});
  } else if (value.starts_with("http")) {
    append(out, {"http://a", "https://a/b?c", "http://", "http:///a", "http://u@a", "http://a/u@b", "http://a b",
                 "ftp://a"});
    for (const std::size_t size : {2040U, 2041U}) out.emplace_back("https://" + of_size(size));
  } else if (value.starts_with("@") || value.find('*') != std::string::npos) {
    append(out, {"@daily", "@never", "* * * *", "* * * * *", " 5  1 * JAN mon-fri ", "61 * * * *", "1,2 */3 * * 7"});
  } else {
    append(out, {"line\nend", "a.b.c", "module.a.b.c", "module.a.b", "module.data.a.b", "data.a", "a.b[0]", "count",
                 "/up", "a|b", "a||b", "a:b", "0.5", "05"});
    for (const std::size_t size :
         {63U, 64U, 90U, 91U, 128U, 129U, 253U, 254U, 255U, 256U, 257U, 1025U, 4096U, 4097U, 8193U}) {
      out.emplace_back(of_size(size));
    }
  }
}

// What may be put in a value's place, by the kind of the value.
std::vector<json> replacements(const json& value) {
  std::vector<json> out{nullptr, 3, "word", json::array({"word"}), json::object()};
  if (!value.is_structured()) out.insert(out.end(), {true, "", json::array()});
  if (value.is_number()) {
    for (const double number : {0.0005, 0.5, 1.5}) out.emplace_back(number);
    for (const int number : {-1, 0, 1, 100'000, 100'001}) out.emplace_back(number);
    append(out, {"1", "0", "-1", "1e3", "50%", "101%", "0%"});
  }
  if (value.is_string()) append_texts(value.get<std::string>(), out);
  return out;
}

std::string shown(const json& value) {
  const std::string text = value.dump();
  return text.size() <= 24 ? text : text.substr(0, 12) + "... (" + std::to_string(text.size() - 2) + ")";
}

// "/spec/metrics/2/name" is of the kind "/spec/metrics/*/name".
std::string kind_of(const std::string& pointer) {
  std::istringstream parts(pointer.substr(1));
  std::string out;
  for (std::string part; std::getline(parts, part, '/');) {
    const bool index = std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    out += "/" + (index ? "*" : part);
  }
  return out;
}

class Changes {
 public:
  explicit Changes(std::vector<Document>& out) : out_(out) {}

  void of(const json& whole) {
    whole_ = whole;
    name_ = whole.at("metadata").at("name").get<std::string>();
    add(name_, whole);
    remove("/spec");
    for (const auto& [section, value] : whole.at("spec").items()) {
      whole_ = part_of(whole, section);
      walk("/spec/" + section, value);
    }
  }

 private:
  void add(const std::string& name, const json& document) { out_.push_back({name, document.dump()}); }
  void put(const std::string& pointer, const std::string& what, const json& value) {
    json changed = whole_;
    changed[json::json_pointer(pointer)] = value;
    add(name_ + pointer + ": " + what, changed);
  }

  // What a policy needs, and the section of the spec with what it is checked against: the rest costs time only.
  static json part_of(const json& whole, const std::string& section) {
    json out = whole;
    json& spec = out["spec"] = {{"stack", {{"id", "web"}}}};
    spec["metrics"] = json::array({json{{"name", "count"}, {"preset", "instances"}}});
    if (section == "schedules" && whole["spec"].contains("bounds")) spec["bounds"] = whole["spec"]["bounds"];
    spec[section] = whole["spec"][section];
    return out;
  }

  void walk(const std::string& pointer, const json& value) {
    remove(pointer);
    if (value.is_object()) {
      json more = value;
      more["unheardOf"] = 1;
      put(pointer, "a field more", more);
    }
    // What a value of the kind may be is asked once; that it is needed, each time.
    if (seen_.insert(kind_of(pointer)).second) {
      for (const json& other : replacements(value)) put(pointer, shown(other), other);
    }
    if (value.is_array()) lists(pointer, value);
    if (value.is_object()) {
      for (const auto& [key, inner] : value.items()) walk(pointer + "/" + key, inner);
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) walk(pointer + "/" + std::to_string(i), value[i]);
    }
  }

  void remove(const std::string& pointer) {
    json changed = whole_;
    const json::json_pointer at(pointer);
    if (json& parent = changed[at.parent_pointer()]; parent.is_object()) {
      parent.erase(at.back());
    } else {
      parent.erase(static_cast<std::size_t>(std::stoul(at.back())));
    }
    add(name_ + pointer + ": absent", changed);
  }

  void lists(const std::string& pointer, const json& value) {
    json twice = value;
    twice.push_back(value.front());
    put(pointer, "its first twice", twice);
    for (const std::size_t size : {8U, 9U, 16U, 17U, 64U, 65U}) {
      json many = json::array();
      for (std::size_t i = 0; i < size; ++i) many.push_back(numbered(value.front(), i));
      put(pointer, std::to_string(size) + " of it", many);
    }
  }

  // With another name, so that only the number can be wrong.
  static json numbered(json value, std::size_t i) {
    if (value.is_string()) return value.get<std::string>() + std::to_string(i);
    if (value.is_object() && value.contains("name")) {
      value["name"] = value["name"].get<std::string>() + std::to_string(i);
    }
    return value;
  }

  std::vector<Document>& out_;
  json whole_;
  std::string name_;
  std::set<std::string> seen_;
};

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("no file " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

json whole_policies() {
  return json::parse(read_file(std::string(STK_SOURCE_DIR) + "/tests/contract/crd/policies.json"));
}

std::vector<Document> written_documents() {
  std::vector<Document> out;
  const fs::path root(STK_SOURCE_DIR);
  for (const auto& entry : fs::directory_iterator(root / "tests/golden/policy")) {
    split("golden/" + entry.path().filename().string(), read_file(entry.path() / "in.yaml"), out);
  }
  for (const char* folder : {"examples", "manifests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".yaml") continue;
      split(fs::relative(entry.path(), root).string(), read_file(entry.path()), out);
    }
  }
  std::sort(out.begin(), out.end(), [](const Document& a, const Document& b) { return a.name < b.name; });
  return out;
}

std::vector<Document> changed_documents() {
  std::vector<Document> out;
  Changes changes(out);
  for (const json& whole : whole_policies()) changes.of(whole);
  return out;
}

}  // namespace stackscaler::crd
