#pragma once

#include "reprise/aggregate.hpp"

#include <boost/serialization/vector.hpp>

#include <cstddef>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Aggregates for the tests of the actors, with commands that end in every way that a command can end.
namespace notes {

using words = std::vector<std::string>;

struct written {
  static constexpr std::string_view event_name = "written";

  std::string word;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& word;
  }
};

/// The last word was torn out.
struct torn_out {
  static constexpr std::string_view event_name = "torn_out";

  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

/// `evolve` throws on it.
struct spoiled {
  static constexpr std::string_view event_name = "spoiled";

  bool with_standard_exception = true;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& with_standard_exception;
  }
};

/// Records a word.
struct note {
  std::string word;
};

/// Records several words in one commit.
struct note_all {
  notes::words words;
};

/// Records that the last word is gone, and is refused if there is none.
struct tear_out {};

/// Records a word; it is already so if that is the last one.
struct end_with {
  std::string word;
};

/// `decide` throws.
struct crash {};
struct crash_oddly {};  ///< something that is no std::exception
struct crash_on_length {};

/// `decide` records what `evolve` throws on.
struct spoil {
  bool with_standard_exception = true;
};

struct notebook {
  static constexpr std::string_view category = "notebook";
  using command =
      std::variant<note, note_all, tear_out, end_with, crash, crash_oddly, crash_on_length, spoil>;
  using event = std::variant<written, torn_out, spoiled>;

  notes::words words;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    for (const std::string& word : words) {
      if (word == "unstorable") throw std::runtime_error("the page is torn");
    }
    archive& words;
  }

  friend bool operator==(const notebook&, const notebook&) = default;
};

inline constexpr reprise::refusal nothing_written{"nothing_written"};

inline reprise::decision<notebook> decide(const notebook&, const note& command) {
  return {written{command.word}};
}
inline reprise::decision<notebook> decide(const notebook&, const note_all& command) {
  reprise::decision<notebook> all;
  for (const auto& word : command.words) all.record(written{word});
  return all;
}
inline reprise::decision<notebook> decide(const notebook& book, const tear_out&) {
  if (book.words.empty()) return nothing_written;
  return {torn_out{}};
}
inline reprise::decision<notebook> decide(const notebook& book, const end_with& command) {
  if (!book.words.empty() && book.words.back() == command.word) return {};
  return {written{command.word}};
}
inline reprise::decision<notebook> decide(const notebook&, const crash&) {
  throw std::runtime_error("the pencil broke");
}
inline reprise::decision<notebook> decide(const notebook&, const crash_oddly&) {
  throw 7;
}
inline reprise::decision<notebook> decide(const notebook&, const crash_on_length&) {
  throw std::length_error("the line is too long");
}
inline reprise::decision<notebook> decide(const notebook&, const spoil& command) {
  return {written{"half"}, spoiled{command.with_standard_exception}};
}

inline notebook evolve(notebook book, const written& event) {
  book.words.push_back(event.word);
  return book;
}
inline notebook evolve(notebook book, const torn_out&) {
  book.words.pop_back();
  return book;
}
inline notebook evolve(notebook, const spoiled& event) {
  if (event.with_standard_exception) throw std::runtime_error("ink on the page");
  throw 7;
}
static_assert(reprise::complete<notebook>());

inline std::ostream& operator<<(std::ostream& out, const notebook& book) {
  out << '[';
  for (std::size_t i = 0; i < book.words.size(); ++i) out << (i == 0 ? "" : " ") << book.words[i];
  return out << ']';
}

/// Another aggregate type, with nothing in it but a category.
struct sketchbook {
  static constexpr std::string_view category = "sketchbook";
  using command = std::variant<note>;
  using event = std::variant<written>;
};
inline reprise::decision<sketchbook> decide(const sketchbook&, const note& command) {
  return {written{command.word}};
}
inline sketchbook evolve(sketchbook book, const written&) {
  return book;
}

/// An aggregate type that takes another one's category.
struct impostor {
  static constexpr std::string_view category = "notebook";
  using command = std::variant<note>;
  using event = std::variant<written>;
};
inline reprise::decision<impostor> decide(const impostor&, const note& command) {
  return {written{command.word}};
}
inline impostor evolve(impostor book, const written&) {
  return book;
}

}  // namespace notes
