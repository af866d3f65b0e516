# Finds the C++ Actor Framework and makes the target `CAF::core`.
#
# Upstream installs a package that does this. Debian's libcaf-dev installs neither it nor a pkg-config file:
# there the header and the library are looked for, and the same target is made of them.

include(FindPackageHandleStandardArgs)

if(NOT TARGET CAF::core)
  find_package(CAF CONFIG QUIET COMPONENTS core)
endif()

if(NOT TARGET CAF::core)
  find_path(CAF_INCLUDE_DIR caf/all.hpp)
  find_library(CAF_CORE_LIBRARY caf_core)
  mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY)
  if(CAF_INCLUDE_DIR AND CAF_CORE_LIBRARY)
    find_package(Threads REQUIRED)
    add_library(CAF::core UNKNOWN IMPORTED GLOBAL)
    set_target_properties(CAF::core PROPERTIES IMPORTED_LOCATION "${CAF_CORE_LIBRARY}")
    target_include_directories(CAF::core INTERFACE "${CAF_INCLUDE_DIR}")
    target_link_libraries(CAF::core INTERFACE Threads::Threads)
  endif()
endif()

if(TARGET CAF::core)
  set(CAF_CORE_TARGET CAF::core)
endif()
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_CORE_TARGET)
