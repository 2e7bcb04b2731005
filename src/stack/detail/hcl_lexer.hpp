// SPDX-License-Identifier: Apache-2.0
//
// HclLexer: walks over HCL text and says at each byte what kind of place it is. Private to this component.
//
// It knows only what decides that: quoted strings, heredocs, comments, `${ }` and `%{ }`, braces. Text that it can't
// follow for sure is an error. Threads: one object, one thread. Lifetime: `text` must outlive it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stackscaler::stack::detail {

enum class Place { code, string, heredoc, comment };

class HclLexer {
 public:
  explicit HclLexer(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] Place place() const;
  // Inside a `${ }` or `%{ }`, at any depth.
  [[nodiscard]] bool interpolated() const;
  // The last byte of code that is no space, and the word it ends, for what may stand next.
  [[nodiscard]] char last_code() const { return last_code_; }
  [[nodiscard]] std::string_view last_word() const { return last_word_; }

  // Goes over one token or byte. False: error() says why.
  [[nodiscard]] bool advance();
  // Goes over bytes that are no HCL (a placeholder); in code they count as a value.
  void skip(std::size_t bytes);
  // At the end: whether everything that was opened is closed.
  [[nodiscard]] bool closed();
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  enum class Mode { code, interpolation, string, heredoc };
  struct Frame {
    Mode mode = Mode::code;
    std::size_t braces = 0;
    std::string_view marker;  // of a heredoc
  };
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] bool refuse(std::string why);
  [[nodiscard]] bool push(Frame frame);
  [[nodiscard]] bool advance_comment();
  [[nodiscard]] bool advance_code();
  [[nodiscard]] bool advance_template();
  [[nodiscard]] bool open_heredoc();
  [[nodiscard]] bool ends_heredoc(std::size_t& bytes) const;
  void note_code(std::size_t bytes);

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Frame> frames_{Frame{}};
  enum class Comment { none, line, block } comment_ = Comment::none;
  bool line_start_ = false;  // of a heredoc's line
  char last_code_ = '\n';
  std::string_view last_word_;
  std::string error_;
};

}  // namespace stackscaler::stack::detail
