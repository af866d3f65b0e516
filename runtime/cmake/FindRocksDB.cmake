# Finds RocksDB and makes the target `reprise::rocksdb`.
#
# RocksDB's own package names its targets after the kind of library that was built, and not every
# installation brings that package: so this asks it first, and looks for header and library otherwise. The
# shared library is preferred, because the static one adds ten megabytes to every program.

include(FindPackageHandleStandardArgs)

if(NOT TARGET reprise::rocksdb)
  find_package(RocksDB CONFIG QUIET)
  if(NOT TARGET RocksDB::rocksdb AND NOT TARGET RocksDB::rocksdb-shared)
    find_path(ROCKSDB_INCLUDE_DIR rocksdb/db.h)
    find_library(ROCKSDB_LIBRARY rocksdb)
    mark_as_advanced(ROCKSDB_INCLUDE_DIR ROCKSDB_LIBRARY)
  endif()

  if(TARGET RocksDB::rocksdb-shared)
    set(_reprise_rocksdb RocksDB::rocksdb-shared)
  elseif(TARGET RocksDB::rocksdb)
    set(_reprise_rocksdb RocksDB::rocksdb)
  elseif(ROCKSDB_INCLUDE_DIR AND ROCKSDB_LIBRARY)
    set(_reprise_rocksdb "${ROCKSDB_LIBRARY}")
  endif()

  if(_reprise_rocksdb)
    add_library(reprise::rocksdb INTERFACE IMPORTED GLOBAL)
    target_link_libraries(reprise::rocksdb INTERFACE ${_reprise_rocksdb})
    if(ROCKSDB_INCLUDE_DIR)
      target_include_directories(reprise::rocksdb INTERFACE ${ROCKSDB_INCLUDE_DIR})
    endif()
  endif()
  unset(_reprise_rocksdb)
endif()

if(TARGET reprise::rocksdb)
  set(RocksDB_TARGET reprise::rocksdb)
endif()
find_package_handle_standard_args(RocksDB REQUIRED_VARS RocksDB_TARGET)
