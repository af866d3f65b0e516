#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdlib.h>
#include <string>
#include <sys/wait.h>

/// Runs the program `cart` as its user does. CART_PROGRAM is its path.
namespace program {

struct outcome {
  int status = -1;
  std::string out;
  std::string err;
};

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A directory of its own, in which the program runs, and which is gone after the test.
class shell {
 public:
  shell() {
    std::string name = std::filesystem::temp_directory_path() / "cart-test-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  shell(const shell&) = delete;
  shell& operator=(const shell&) = delete;
  ~shell() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  /// Runs `cart` with arguments as one types them.
  outcome cart(const std::string& arguments) const {
    return run(program + arguments + " > out 2> err");
  }

  /// Runs a line of a shell that leaves its output in `out` and `err`.
  outcome run(const std::string& line) const {
    const int status = std::system(("cd '" + path_.string() + "' && " + line).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(path_ / "out"),
            contents(path_ / "err")};
  }

  static inline const std::string program = "'" CART_PROGRAM "' ";

 private:
  std::filesystem::path path_;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Returns the first `"name": value` of a report in JSON.
inline std::string field(const std::string& json, const std::string& name) {
  std::smatch found;
  return std::regex_search(json, found, std::regex("\"" + name + "\": ([^,\n]+)")) ? found[1].str()
                                                                                   : "missing";
}

}  // namespace program
