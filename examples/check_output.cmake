# Runs `program` and compares what it prints with the lines under "// Prints:" of `source`. With `readme`, that text must also
# contain the source above those lines, and the output.
cmake_minimum_required(VERSION 3.25)

file(READ ${source} text)
string(FIND "${text}" "// Prints:\n" at)
string(SUBSTRING "${text}" 0 ${at} code)
string(SUBSTRING "${text}" ${at} -1 expected)
string(REGEX REPLACE "^// Prints:\n" "" expected "${expected}")
string(REGEX REPLACE "\n//\n.*" "\n" expected "${expected}")
string(REGEX REPLACE "(^|\n)//  ?( |$)" "\\1" expected "${expected}")

execute_process(COMMAND ${program} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${source} says that it prints\n${expected}\nbut it printed\n${printed}")
endif()

if(readme)
  file(READ ${readme} page)
  foreach(part IN ITEMS "${code}" "${printed}")
    string(FIND "${page}" "\n${part}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "${readme} should show\n${part}")
    endif()
  endforeach()
endif()
