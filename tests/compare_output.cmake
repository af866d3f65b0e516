# Runs PROGRAM in a fresh DIRECTORY and fails unless it succeeds and prints exactly what the file EXPECTED says.

file(REMOVE_RECURSE "${DIRECTORY}")
file(MAKE_DIRECTORY "${DIRECTORY}")
execute_process(
  COMMAND "${PROGRAM}"
  WORKING_DIRECTORY "${DIRECTORY}"
  OUTPUT_FILE "${DIRECTORY}/stdout"
  RESULT_VARIABLE result
)
if(NOT result EQUAL 0)
  file(READ "${DIRECTORY}/stdout" output)
  message(FATAL_ERROR "${PROGRAM} ended with ${result}, after:\n${output}")
endif()

execute_process(
  COMMAND diff --unified "${EXPECTED}" "${DIRECTORY}/stdout"
  RESULT_VARIABLE different
)
if(different)
  message(FATAL_ERROR "${PROGRAM} prints something else than ${EXPECTED} says")
endif()
