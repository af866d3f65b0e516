# Finds the core library of prometheus-cpp and makes the target `reprise::prometheus`.
#
# Its own package asks for what its other libraries need (curl, zlib, civetweb), which not everybody has who has the
# core: so this asks it first, and looks for header and library otherwise.

include(FindPackageHandleStandardArgs)

if(NOT TARGET reprise::prometheus)
  find_package(prometheus-cpp CONFIG QUIET)
  if(NOT TARGET prometheus-cpp::core)
    find_path(PROMETHEUS_CPP_INCLUDE_DIR prometheus/collectable.h)
    find_library(PROMETHEUS_CPP_CORE_LIBRARY prometheus-cpp-core)
    mark_as_advanced(PROMETHEUS_CPP_INCLUDE_DIR PROMETHEUS_CPP_CORE_LIBRARY)
  endif()

  if(TARGET prometheus-cpp::core)
    add_library(reprise::prometheus INTERFACE IMPORTED GLOBAL)
    target_link_libraries(reprise::prometheus INTERFACE prometheus-cpp::core)
  elseif(PROMETHEUS_CPP_INCLUDE_DIR AND PROMETHEUS_CPP_CORE_LIBRARY)
    add_library(reprise::prometheus INTERFACE IMPORTED GLOBAL)
    target_link_libraries(reprise::prometheus INTERFACE "${PROMETHEUS_CPP_CORE_LIBRARY}")
    target_include_directories(reprise::prometheus INTERFACE "${PROMETHEUS_CPP_INCLUDE_DIR}")
  endif()
endif()

if(TARGET reprise::prometheus)
  set(PrometheusCpp_TARGET reprise::prometheus)
endif()
find_package_handle_standard_args(PrometheusCpp REQUIRED_VARS PrometheusCpp_TARGET)
