#include "cart/command_line.hpp"

#include <iostream>
#include <string>

namespace cart_program {

CLI::Validator some_text() {
  return {[](const std::string& text) -> std::string { return text.empty() ? "it is empty" : ""; },
          "", ""};
}

int print_result(int exit_status) {
  std::cout.flush();
  if (std::cout) return exit_status;
  std::cerr << "cart: cannot write to the standard output\n";
  return run_error;
}

}  // namespace cart_program
