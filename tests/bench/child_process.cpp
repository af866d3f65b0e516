#include "bench/child_process.hpp"

#include <spawn.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

std::string read_to_end(int descriptor) {
  std::string all;
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t size = ::read(descriptor, bytes.data(), bytes.size());
    if (size > 0) {
      all.append(bytes.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || errno != EINTR) {
      return all;
    }
  }
}

/// Starts this program with its standard output going to `to`, and returns its process id.
pid_t start_self(const std::vector<std::string>& arguments, int to) {
  std::string name = "reprise_bench";
  std::vector<std::string> kept = arguments;
  std::vector<char*> argv{name.data()};
  for (std::string& argument : kept) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv.data(),
                                    ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw std::runtime_error("cannot start a child process");
  return child;
}

}  // namespace

std::string output_of_self(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  const pid_t child = start_self(arguments, ends[1]);
  ::close(ends[1]);
  std::string output = read_to_end(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (status != 0) throw std::runtime_error("a child process failed");
  return output;
}

}  // namespace bench
