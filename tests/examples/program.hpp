#pragma once

#include <doctest/doctest.h>
#include <pty.h>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <signal.h>
#include <stdlib.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

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

struct terminal {
  unsigned short columns;
};

/// A `cart` that runs for a minute at most, while somebody types at its standard input and reads its standard error:
/// a pipe, or a terminal.
class running_cart {
 public:
  running_cart(const shell& sh, const std::string& arguments, std::optional<terminal> shown = {})
      : sh_(sh) {
    const std::string line = "cd '" + (sh / "").string()
                             + "' && exec timeout --foreground -s KILL 60 " + shell::program
                             + arguments + " > out";
    std::array<int, 2> typed{};
    std::array<int, 2> said{};
    REQUIRE(pipe2(typed.data(), O_CLOEXEC) == 0);
    if (shown) {
      const winsize size{24, shown->columns, 0, 0};
      REQUIRE(openpty(&said[0], &said[1], nullptr, nullptr, &size) == 0);
      REQUIRE(fcntl(said[0], F_SETFD, FD_CLOEXEC) == 0);
    } else {
      REQUIRE(pipe2(said.data(), O_CLOEXEC) == 0);
    }
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      dup2(typed[0], STDIN_FILENO);
      dup2(said[1], STDERR_FILENO);
      if (shown) close(said[1]);
      execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    close(typed[0]);
    close(said[1]);
    typed_ = typed[1];
    said_ = said[0];
  }
  running_cart(const running_cart&) = delete;
  running_cart& operator=(const running_cart&) = delete;
  ~running_cart() {
    close(typed_);
    close(said_);
    if (child_ > 0) kill(child_, SIGTERM);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }

  void type(const std::string& text) const {
    REQUIRE(::write(typed_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  /// Waits until something like this is on its standard error. Returns false if it ended without.
  bool says(const std::string& pattern) {
    const std::regex wanted(pattern);
    while (!std::regex_search(err_, wanted)) {
      if (!read_some()) return false;
    }
    return true;
  }

  /// Interrupts it, and waits for its end.
  outcome interrupt() {
    kill(child_, SIGINT);
    while (read_some()) {}
    int status = 0;
    waitpid(std::exchange(child_, -1), &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(sh_ / "out"), err_};
  }

 private:
  /// Returns false at the end.
  bool read_some() {
    std::array<char, 4096> chunk{};
    const ssize_t size = read(said_, chunk.data(), chunk.size());
    if (size > 0) err_.append(chunk.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  const shell& sh_;
  pid_t child_ = -1;
  int typed_ = -1;
  int said_ = -1;
  std::string err_;
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
