#include "reprise/text.hpp"

#include <doctest/doctest.h>

#include <string>

using reprise::printable;

TEST_CASE("a message shows text as a person reads it") {
  CHECK(printable("cart-42") == R"("cart-42")");
  CHECK(printable("") == R"("")");
  CHECK(printable("jäm") == R"("jäm")");
  CHECK(printable("紅茶 🫖") == R"("紅茶 🫖")");
  CHECK(printable(R"(a "b" \c)") == R"("a \"b\" \\c")");
}

TEST_CASE(
    "what is no text, breaks a line, steers a terminal or cannot be seen is shown byte by byte") {
  CHECK(printable("a\nb\x1b[2J\x7f") == R"("a\x0ab\x1b[2J\x7f")");
  CHECK(printable(std::string("\0", 1)) == R"("\x00")");
  CHECK(printable("\xc2\x9b") == R"("\xc2\x9b")");          // a control beyond ASCII
  CHECK(printable("\xe2\x80\xae") == R"("\xe2\x80\xae")");  // turns what follows around
  CHECK(printable("\xe2\x80\xa8") == R"("\xe2\x80\xa8")");  // breaks a line
  CHECK(printable("\xef\xbb\xbf") == R"("\xef\xbb\xbf")");  // has no width
}

TEST_CASE("what is nearly UTF-8 is no text") {
  CHECK(printable("\xc0\xaf") == R"("\xc0\xaf")");                  // longer than it need be
  CHECK(printable("\xe0\x80\xaf") == R"("\xe0\x80\xaf")");          // the same
  CHECK(printable("\xed\xa0\x80") == R"("\xed\xa0\x80")");          // half of a pair
  CHECK(printable("\xf4\x90\x80\x80") == R"("\xf4\x90\x80\x80")");  // behind the last
  CHECK(printable("\xe4\xb8") == R"("\xe4\xb8")");                  // cut
  CHECK(printable("\xc3(") == R"("\xc3(")");                        // goes on otherwise
  CHECK(printable("\x80") == R"("\x80")");                          // begins in the middle
}

TEST_CASE("a long text is cut between two characters") {
  const std::string long_one(80, 'x');
  CHECK(printable(long_one) == '"' + long_one + '"');
  CHECK(printable(long_one + 'y') == '"' + long_one + "…\"");
  CHECK(printable(std::string(79, 'x') + "ä") == '"' + std::string(79, 'x') + "…\"");
}
