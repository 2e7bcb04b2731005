// SPDX-License-Identifier: Apache-2.0
#include "stack/detail/hcl_lexer.hpp"

namespace stackscaler::stack::detail {

namespace {

constexpr std::size_t kMaxDepth = 64;

bool word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

}  // namespace

Place HclLexer::place() const {
  if (comment_ != Comment::none) return Place::comment;
  if (frames_.back().mode == Mode::string) return Place::string;
  return frames_.back().mode == Mode::heredoc ? Place::heredoc : Place::code;
}

bool HclLexer::interpolated() const {
  for (const Frame& frame : frames_) {
    if (frame.mode == Mode::interpolation) return true;
  }
  return false;
}

bool HclLexer::refuse(std::string why) {
  error_ = std::move(why);
  return false;
}

bool HclLexer::push(Frame frame) {
  if (frames_.size() >= kMaxDepth) return refuse("strings and ${ } are nested too deeply");
  frames_.push_back(frame);
  return true;
}

bool HclLexer::advance() {
  if (done()) return true;
  if (comment_ != Comment::none) return advance_comment();
  const Mode mode = frames_.back().mode;
  return mode == Mode::string || mode == Mode::heredoc ? advance_template() : advance_code();
}

bool HclLexer::advance_comment() {
  if (comment_ == Comment::block && rest().starts_with("*/")) {
    comment_ = Comment::none;
    at_ += 2;
    return true;
  }
  if (comment_ == Comment::line && text_[at_] == '\n') comment_ = Comment::none;
  ++at_;
  return true;
}

void HclLexer::note_code(std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i, ++at_) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    const bool goes_on = word_byte(c) && !last_word_.empty() && last_word_.data() + last_word_.size() == &text_[at_];
    if (goes_on) {
      last_word_ = std::string_view(last_word_.data(), last_word_.size() + 1);
    } else {
      last_word_ = word_byte(c) ? text_.substr(at_, 1) : std::string_view();
    }
    last_code_ = c;
  }
}

bool HclLexer::advance_code() {
  const std::string_view rest = this->rest();
  if (rest.front() == '#' || rest.starts_with("//") || rest.starts_with("/*")) {
    comment_ = rest.starts_with("/*") ? Comment::block : Comment::line;
    at_ += rest.front() == '#' ? 1 : 2;
    return true;
  }
  if (rest.starts_with("<<")) return open_heredoc();
  const char c = rest.front();
  Frame& frame = frames_.back();
  if (c == '"') {
    note_code(1);
    return push(Frame{Mode::string, 0, {}});
  }
  if (c == '{') ++frame.braces;
  if (c == '}') {
    if (frame.braces == 0 && frame.mode == Mode::code) return refuse("a '}' too many");
    if (frame.braces == 0) {
      frames_.pop_back();
      ++at_;
      return true;
    }
    --frame.braces;
  }
  note_code(1);
  return true;
}

bool HclLexer::open_heredoc() {
  std::size_t begin = at_ + 2;
  if (begin < text_.size() && text_[begin] == '-') ++begin;
  std::size_t end = begin;
  while (end < text_.size() && word_byte(text_[end])) ++end;
  if (end == begin) return refuse("'<<' has to be followed by a heredoc's marker");
  const std::string_view marker = text_.substr(begin, end - begin);
  if (end < text_.size() && text_[end] == '\r') ++end;
  if (end >= text_.size() || text_[end] != '\n') return refuse("a heredoc's marker has to end its line");
  note_code(end - at_);
  ++at_;
  line_start_ = true;
  return push(Frame{Mode::heredoc, 0, marker});
}

// The end is a line that holds the marker alone; spaces around it don't matter.
bool HclLexer::ends_heredoc(std::size_t& bytes) const {
  const std::string_view marker = frames_.back().marker;
  std::size_t at = at_;
  while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
  if (!text_.substr(at).starts_with(marker)) return false;
  at += marker.size();
  bytes = at - at_;
  while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r')) ++at;
  return at >= text_.size() || text_[at] == '\n';
}

bool HclLexer::advance_template() {
  const bool heredoc = frames_.back().mode == Mode::heredoc;
  const std::string_view rest = this->rest();
  std::size_t bytes = 0;
  if (heredoc && line_start_ && ends_heredoc(bytes)) {
    line_start_ = false;
    frames_.pop_back();
    note_code(bytes);
    return true;
  }
  line_start_ = false;
  const char c = rest.front();
  if (c == '$' || c == '%') {
    std::size_t run = 1;
    while (run < rest.size() && rest[run] == c) ++run;
    const bool opens = run < rest.size() && rest[run] == '{';
    if (!opens) {
      at_ += run;
      return true;
    }
    if (run > 2) return refuse(std::string("more than two '") + c + "' before a '{'");
    at_ += run + 1;
    return run == 2 || push(Frame{Mode::interpolation, 0, {}});
  }
  if (heredoc) {
    line_start_ = c == '\n';
    ++at_;
    return true;
  }
  if (c == '\n') return refuse("a quoted string has to end on its line");
  if (c == '\\') {
    if (rest.size() < 2 || rest[1] == '\n' || rest[1] == '{') return refuse("a '\\' that escapes nothing");
    at_ += 2;
    return true;
  }
  if (c == '"') {
    frames_.pop_back();
    note_code(1);
    return true;
  }
  ++at_;
  return true;
}

void HclLexer::skip(std::size_t bytes) {
  at_ += bytes;
  line_start_ = false;
  if (place() != Place::code) return;
  last_code_ = '0';
  last_word_ = {};
}

bool HclLexer::closed() {
  if (comment_ == Comment::block) return refuse("a comment that is not closed");
  const Frame& frame = frames_.back();
  if (frame.mode == Mode::string) return refuse("a quoted string that is not closed");
  if (frame.mode == Mode::heredoc) return refuse("a heredoc that is not closed");
  if (frame.mode == Mode::interpolation) return refuse("a ${ that is not closed");
  if (frame.braces > 0) return refuse("a '{' that is not closed");
  return true;
}

}  // namespace stackscaler::stack::detail
