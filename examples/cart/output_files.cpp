#include "cart/output_files.hpp"

#include <algorithm>

namespace simulation {

namespace fs = std::filesystem;

namespace {

/// As many as Linux follows.
constexpr int most_links = 40;

/// Returns the one name of what need not be there. The standard library keeps a relative one of which nothing is there, and
/// a link that leads nowhere.
fs::path one_name(const fs::path& file) {
  fs::path name = fs::weakly_canonical(fs::absolute(file));
  for (int links = 0; links < most_links && fs::is_symlink(name); ++links) {
    name = fs::weakly_canonical(name.parent_path() / fs::read_symlink(name));
  }
  return name;
}

/// Devices and pipes take what any number of writers have.
bool is_same_file(const fs::path& a, const fs::path& b) {
  if (fs::exists(a) && fs::exists(b)) return fs::is_regular_file(a) && fs::equivalent(a, b);
  return one_name(a) == one_name(b);
}

}  // namespace

std::optional<unfit_output> unfit_among(const std::vector<output_file>& files,
                                        const fs::path& directory) {
  for (auto file = files.begin(); file != files.end(); ++file) {
    if (file->name.empty()) continue;
    if (!directory.empty() && is_inside(file->name, directory)) {
      return unfit_output{file->option, file->name.string()
                                            + " is inside the journal's directory, which holds "
                                              "nothing but the journal"};
    }
    const auto other = std::find_if(files.begin(), file, [&](const output_file& earlier) {
      return !earlier.name.empty() && is_same_file(earlier.name, file->name);
    });
    if (other != file) {
      return unfit_output{file->option, file->name.string() + " is the file of " + other->option
                                            + " too: name another"};
    }
  }
  return std::nullopt;
}

bool is_inside(const fs::path& file, const fs::path& directory) {
  const auto inner = one_name(file);
  auto outer = one_name(directory);
  if (!outer.has_filename()) outer = outer.parent_path();
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace simulation
