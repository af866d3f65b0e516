# What `cmake --install` puts where: the two libraries, their headers, the CMake package and the pkg-config file.

include(CMakePackageConfigHelpers)

set(REPRISE_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/reprise")

install(
  TARGETS reprise reprise_runtime
  EXPORT reprise-targets
  FILE_SET HEADERS
)
install(
  EXPORT reprise-targets
  NAMESPACE reprise::
  DESTINATION "${REPRISE_PACKAGE_DIR}"
)

configure_package_config_file(
  runtime/cmake/reprise-config.cmake.in reprise-config.cmake
  INSTALL_DESTINATION "${REPRISE_PACKAGE_DIR}"
)
# Before 1.0, a minor version may change the interface.
write_basic_package_version_file(reprise-config-version.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/reprise-config.cmake"
        "${PROJECT_BINARY_DIR}/reprise-config-version.cmake"
        runtime/cmake/FindRocksDB.cmake
        actors/cmake/FindCAF.cmake
        actors/cmake/FindPrometheusCpp.cmake
  DESTINATION "${REPRISE_PACKAGE_DIR}"
)

# The prefix is given relative to the file, so that `cmake --install --prefix` may still choose it.
file(RELATIVE_PATH REPRISE_PC_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
if(REPRISE_ROCKSDB)
  set(REPRISE_PC_CFLAGS " -DREPRISE_HAS_ROCKSDB")
  set(REPRISE_PC_LIBS " -lrocksdb")
endif()
if(REPRISE_METRICS)
  string(APPEND REPRISE_PC_CFLAGS " -DREPRISE_HAS_METRICS")
  string(APPEND REPRISE_PC_LIBS " -lprometheus-cpp-core")
endif()
configure_file(runtime/cmake/reprise.pc.in reprise.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/reprise.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
