#include "rocksdb_damage.hpp"

#include "journal_contract.hpp"
#include "scratch_directory.hpp"

#include <doctest/doctest.h>

#include <map>

namespace reprise::testing {

raw_database::raw_database(const std::filesystem::path& directory) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : {"default", "streams", "order"})
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  REQUIRE(rocksdb::DB::Open({}, directory.string(), families, &families_, &db_).ok());
}

raw_database::~raw_database() {
  if (db_ == nullptr) return;
  rewrite();
  close();
}

void raw_database::rewrite() {
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    CHECK(db_->Flush({}, family).ok());
    CHECK(db_->CompactRange(all, family, nullptr, nullptr).ok());
  }
}

void raw_database::close() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    CHECK(db_->DestroyColumnFamilyHandle(family).ok());
  }
  CHECK(db_->Close().ok());
  delete db_;
  db_ = nullptr;
}

rocksdb::ColumnFamilyHandle* raw_database::family_named(const std::string& name) {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    if (family->GetName() == name) return family;
  }
  FAIL("no such family");
  return nullptr;
}

std::string raw_database::get(const std::string& family, const std::string& key) {
  std::string value;
  REQUIRE(db_->Get({}, family_named(family), key, &value).ok());
  return value;
}

void raw_database::put(const std::string& family,
                       const std::string& key,
                       const std::string& value) {
  REQUIRE(db_->Put({}, family_named(family), key, value).ok());
}

void raw_database::erase(const std::string& family, const std::string& key) {
  REQUIRE(db_->Delete({}, family_named(family), key).ok());
}

void raw_database::damage_largest_table(const std::string& family) {
  rewrite();
  std::vector<rocksdb::LiveFileMetaData> tables;
  db_->GetLiveFilesMetaData(&tables);
  std::size_t most = 0;
  std::filesystem::path largest;
  for (const rocksdb::LiveFileMetaData& table : tables) {
    if (table.column_family_name != family || table.size <= most) continue;
    most = table.size;
    largest = table.db_path + table.name;
  }
  close();
  std::string bytes = bytes_of(largest);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_bytes(largest, bytes);
}

std::shared_ptr<journal> open_small(const std::filesystem::path& directory,
                                    detail::rocksdb_seams seams) {
  seams.buffer_bytes = std::size_t{256} * 1024;
  return detail::rocksdb_at(directory, {}, seams);
}

std::string outcome_of(const std::filesystem::path& directory, const detail::rocksdb_seams& seams) {
  try {
    const auto journal = open_small(directory, seams);
    std::map<std::string, std::string> streams;
    journal->read_all(1, [&streams](const commit_view& c) {
      std::string& text = streams[std::string(c.stream)];
      for (std::size_t i = 0; i < c.events.size(); ++i) {
        text += (text.empty() ? "" : ", ") + std::to_string(c.first_version + i) + " "
                + std::string(c.events[i].payload);
      }
      return true;
    });
    for (const auto& [stream, text] : streams) {
      if (stream_of(*journal, stream) != text)
        return "stream " + stream + " differs from the order";
    }
    return order_of(*journal);
  } catch (const error& thrown) {
    return std::string("thrown: ") + thrown.what();
  }
}

}  // namespace reprise::testing
