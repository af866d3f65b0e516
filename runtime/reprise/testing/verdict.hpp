#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace reprise::testing {

/// What a check of this kit found: that all is well, or what is not. A test takes it as a truth value, and prints it:
///
///     CHECK(round_trips<shopping_cart>(samples));                                    // doctest, Catch2
///     const auto v = round_trips<shopping_cart>(samples); EXPECT_TRUE(v) << v;       // GoogleTest
class [[nodiscard]] verdict {
 public:
  /// All is well.
  verdict() = default;

  /// `complaint` says what is not; it is not empty.
  explicit verdict(std::string complaint) : complaint_(std::move(complaint)) {}

  explicit operator bool() const noexcept { return complaint_.empty(); }

  /// What is not well; empty if all is.
  const std::string& complaint() const noexcept { return complaint_; }

  friend std::ostream& operator<<(std::ostream& out, const verdict& v) {
    return out << (v ? "all is well" : v.complaint());
  }

 private:
  std::string complaint_;
};

}  // namespace reprise::testing
