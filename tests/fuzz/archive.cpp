// The archive under the events, with a type that has all that an event may: numbers, text, enums, containers, objects of
// another version and objects within objects. What is read is written, and read again to the same bytes.

#include "reprise/archive.hpp"

#include "fuzz/fuzz.hpp"

#include <boost/serialization/list.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/set.hpp>
#include <boost/serialization/utility.hpp>
#include <boost/serialization/vector.hpp>

#include <list>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace fuzz {

enum class colour : std::uint16_t { red, green };

struct leaf {
  std::int32_t number = 0;
  std::string text;
  bool is_new = false;  // since version 2

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& number& text;
    if (version >= 2) archive& is_new;
  }
};

struct tree {
  double weight = 0;
  float height = 0;
  colour c = colour::red;
  std::vector<leaf> leaves;
  std::vector<tree> branches;
  std::map<std::string, std::int64_t> counts;
  std::set<std::uint8_t> set;
  std::list<std::pair<std::int16_t, std::string>> list;
  boost::optional<leaf> perhaps;
  std::uint8_t bytes[3] = {};

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& weight& height& c& leaves& branches& counts& set& list& perhaps& bytes;
  }
};

}  // namespace fuzz

BOOST_CLASS_VERSION(fuzz::leaf, 2)

namespace {

std::string written(const fuzz::tree& value) {
  std::string bytes;
  reprise::payload_writer{bytes, std::size_t{1} << 24U}.outermost(value);
  return bytes;
}

bool is_read(std::string_view bytes, fuzz::tree& value) {
  try {
    reprise::payload_reader{bytes}.outermost(value, 0);
    return true;
  } catch (const reprise::undecodable&) {
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::tree value;
  if (!is_read(fuzz::text_of(data, size), value)) return 0;
  const std::string once = written(value);
  fuzz::tree again;
  fuzz::require(is_read(once, again), "what is written is read");
  fuzz::require(written(again) == once, "what is read again is written the same");
  return 0;
}
