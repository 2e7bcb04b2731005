// SPDX-License-Identifier: Apache-2.0
#include "policy/detail/tree.hpp"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

Place place_of(const YAML::Mark& mark, std::size_t first_line) {
  if (mark.is_null()) return {first_line + 1, 1};
  return {first_line + static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// What the whole text has used of its limits.
struct Budget {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(Budget& budget, std::size_t first_line) : budget_(budget), first_line_(first_line) {}

  std::optional<Document> take() {
    auto done = std::move(done_);
    done_.reset();
    return done;
  }
  [[nodiscard]] int start_offset() const { return start_offset_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    document_ = {};
    document_.start = place_of(mark, first_line_);
    start_offset_ = mark.pos;
    discarding_ = false;
    stack_.clear();
    anchors_.clear();
    root_.reset();
  }

  void OnDocumentEnd() override {
    if (!discarding_) document_.root = root_ ? root_ : std::make_shared<Node>();
    done_ = std::move(document_);
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = std::make_shared<Node>();
    node->at = place_of(mark, first_line_);
    node->plain = true;
    leaf(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (discarding_) return;
    const Place at = place_of(mark, first_line_);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return give_up(at, "this alias refers to the node that contains it");
    const Node& target = *found->second;
    if (!spend(at, target.nodes, target.bytes, target.height)) return;
    auto node = std::make_shared<Node>(target);
    node->at = at;
    place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (discarding_) return;
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::scalar;
    node->at = place_of(mark, first_line_);
    node->tag = tag;
    node->text = value;
    node->bytes = value.size();
    node->plain = tag == "?";
    if (tag != "?" && tag != "!" && !tag.empty()) {
      const bool known = check_tag(node->at, tag, {"str", "int", "float", "bool", "null"});
      node->plain = known && tag != std::string(kCoreTag) + "str";
    }
    leaf(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Node::Kind::sequence, mark, tag, anchor, style, "seq");
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Node::Kind::mapping, mark, tag, anchor, style, "map");
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    NodePtr key;  // of a mapping: the key whose value comes next
    std::unordered_map<std::string, std::size_t> lines;
  };

  void leaf(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    if (discarding_ || !spend(node->at, 1, node->bytes, 1)) return;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    place(std::move(node));
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style, std::string_view core) {
    if (discarding_) return;
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->at = place_of(mark, first_line_);
    node->flow = style == YAML::EmitterStyle::Flow;
    if (!tag.empty() && tag != "?" && tag != "!") {
      node->tag = tag;
      check_tag(node->at, tag, {core});
    }
    if (!spend(node->at, 1, 0, 1)) return;
    stack_.push_back({std::move(node), anchor, nullptr, {}});
  }

  void close() {
    if (discarding_ || stack_.empty()) return;
    const Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.anchor != YAML::NullAnchor) anchors_[frame.anchor] = frame.node;
    place(frame.node);
  }

  void place(NodePtr node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    Node& parent = *frame.node;
    parent.nodes += node->nodes;
    parent.bytes += node->bytes;
    parent.height = std::max(parent.height, node->height + 1);
    if (parent.kind == Node::Kind::sequence) {
      parent.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      add_entry(frame, std::move(node));
    }
  }

  void add_entry(Frame& frame, NodePtr value) {
    const NodePtr key = std::move(frame.key);
    frame.key.reset();
    if (key->kind != Node::Kind::scalar) {
      problem(key->at, "a key must be a string");
      return;
    }
    const auto [first, fresh] = frame.lines.emplace(key->text, key->at.line);
    if (!fresh) {
      problem(key->at, fmt::format("{} is set twice; the first is on line {}", path(key->text), first->second));
      return;
    }
    if (value->kind == Node::Kind::null && value->at.line != key->at.line) {
      auto here = std::make_shared<Node>(*value);  // yaml-cpp puts what is not there at the next token
      here->at = key->at;
      value = std::move(here);
    }
    frame.node->entries.push_back({key, std::move(value)});
  }

  // "spec.metrics[0].name" for the key `last` of the innermost open mapping.
  [[nodiscard]] std::string path(const std::string& last) const {
    std::string out;
    for (const Frame& frame : stack_) {
      if (frame.node->kind == Node::Kind::sequence) {
        out += fmt::format("[{}]", frame.node->items.size());
      } else {
        const std::string& key = &frame == &stack_.back() ? last : (frame.key ? frame.key->text : last);
        out += (out.empty() ? "" : ".") + shorten(key, 60);
      }
    }
    return out;
  }

  bool check_tag(Place at, const std::string& tag, std::initializer_list<std::string_view> accepted,
                 Rule rule = Rule::current()) {
    const RuleScope scope(rule);
    for (const std::string_view name : accepted) {
      if (tag.starts_with(kCoreTag) && std::string_view(tag).substr(kCoreTag.size()) == name) return true;
    }
    problem(at, fmt::format("the tag {} is not supported here", shorten(tag, 60)));
    return false;
  }

  bool spend(Place at, std::size_t nodes, std::size_t bytes, std::size_t height) {
    budget_.nodes += nodes;
    budget_.bytes += bytes;
    if (stack_.size() + height > kMaxDepth) {
      give_up(at, fmt::format("nested deeper than {} levels", kMaxDepth));
    } else if (budget_.nodes > kMaxNodes || budget_.bytes > kMaxExpandedBytes) {
      give_up(at, fmt::format("too large: more than {} nodes or {} MiB of text when aliases are expanded", kMaxNodes,
                              kMaxExpandedBytes >> 20U));
    }
    return !discarding_;
  }

  void give_up(Place at, std::string message, Rule rule = Rule::current()) {
    problem(at, std::move(message), rule);
    discarding_ = true;
    stack_.clear();
    anchors_.clear();
    root_.reset();
  }

  void problem(Place at, std::string message, Rule rule = Rule::current()) {
    if (document_.problems.size() < 1000) say(document_.problems, at, std::move(message), rule);
  }

  Budget& budget_;
  std::size_t first_line_;
  Document document_;
  std::optional<Document> done_;
  bool discarding_ = false;
  int start_offset_ = -1;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, NodePtr> anchors_;
  NodePtr root_;
};

// The texts's lines by number, for looking around a position.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }
  [[nodiscard]] std::size_t count() const { return starts_.size(); }
  [[nodiscard]] std::size_t start(std::size_t index) const { return starts_[index]; }
  [[nodiscard]] std::string_view line(std::size_t index) const {
    const std::size_t end = index + 1 < starts_.size() ? starts_[index + 1] : text_.size();
    return text_.substr(starts_[index], end - starts_[index]);
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

// yaml-cpp starts a new document at whatever follows a finished root node; YAML wants a marker between.
bool is_separated(const Lines& lines, std::size_t line) {
  if (is_marker(lines.line(line), "---")) return true;
  while (line-- > 0) {
    const std::string_view text = lines.line(line);
    if (is_marker(text, "---") || is_marker(text, "...")) return true;
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && text[first] != '#' && text[0] != '%') return false;
  }
  return true;
}

// Lines [first, end) of the text: from one `---` line, or the text's start, to the next.
struct Region {
  std::size_t first = 0;
  std::size_t end = 0;
};

std::string_view text_of(std::string_view text, const Lines& lines, const Region& region) {
  const std::size_t begin = lines.start(region.first);
  const std::size_t end = region.end < lines.count() ? lines.start(region.end) : text.size();
  return text.substr(begin, end - begin);
}

std::string explain(const std::string& what, const Lines& lines, std::size_t line) {
  const std::string_view text = line < lines.count() ? lines.line(line) : std::string_view();
  const std::string_view indent = text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
  const bool tab = indent.find('\t') != std::string_view::npos;
  return fmt::format("YAML: {}; this document is not read", tab ? "a tab must not be used to indent" : what);
}

// Reads the documents of one region, mostly one. The first syntax error ends the region and nothing else.
void read_region(std::string_view text, const Lines& lines, const Region& region, Budget& budget, std::size_t& index,
                 Stream& out) {
  const auto failed = [&](Place at, std::string message, Rule rule = Rule::current()) {
    ++index;
    say(out.problems, at, std::move(message), rule);
  };
  const std::string_view part = text_of(text, lines, region);
  if (const auto bad = find_bad_byte(part)) {
    return failed({region.first + bad->line, bad->column}, bad->message + "; this document is not read");
  }
  Builder builder(budget, region.first);
  int last_start = -1;
  try {
    std::istringstream in{std::string(part)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
      std::optional<Document> document = builder.take();
      if (!document) return;
      const std::size_t line = std::min(document->start.line, lines.count()) - 1;
      // yaml-cpp may also make a document of a token that it does not consume, for ever.
      const bool stuck = builder.start_offset() == last_start;
      if (stuck || (last_start >= 0 && !is_separated(lines, line))) {
        return failed(document->start, "not expected here: the document has ended; a new one starts with ---");
      }
      last_start = builder.start_offset();
      document->index = index++;
      out.documents.push_back(std::move(*document));
    }
  } catch (const YAML::Exception& e) {
    const Place at = place_of(e.mark, region.first);
    failed(at, explain(e.msg, lines, at.line - 1));
  } catch (const std::exception& e) {  // what yaml-cpp lets through of the standard library's
    failed({region.first + 1, 1}, std::string("YAML: ") + e.what());
  }
}

}  // namespace

void say(std::vector<Diagnostic>& problems, Place at, std::string message, Rule rule) {
  if (is_on(rule)) problems.push_back({at.line, at.column, std::move(message)});
}

bool is_marker(std::string_view line, std::string_view marker) {
  if (!line.starts_with(marker)) return false;
  return line.size() == marker.size() ||
         std::string_view(" \t\r\n").find(line[marker.size()]) != std::string_view::npos;
}

Stream read_stream(std::string_view text) {
  Stream out;
  if (text.size() > kMaxPolicyFileBytes) {
    say(out.problems, {1, 1}, fmt::format("larger than the limit of {} bytes", kMaxPolicyFileBytes));
    return out;
  }
  const Lines lines(text);
  Budget budget;
  std::size_t index = 0;
  Region region;
  while (region.first < lines.count()) {
    region.end = region.first + 1;
    while (region.end < lines.count() && !is_marker(lines.line(region.end), "---")) ++region.end;
    read_region(text, lines, region, budget, index, out);
    region.first = region.end;
  }
  return out;
}

bool same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.tag != b.tag || a.plain != b.plain || a.text != b.text) return false;
  if (a.items.size() != b.items.size() || a.entries.size() != b.entries.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(*a.items[i], *b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    if (!same(*a.entries[i].key, *b.entries[i].key) || !same(*a.entries[i].value, *b.entries[i].value)) return false;
  }
  return true;
}

const Node* find(const Node& mapping, std::string_view key) {
  for (const Entry& entry : mapping.entries) {
    if (entry.key->text == key) return entry.value.get();
  }
  return nullptr;
}

}  // namespace stackscaler::policy::detail
