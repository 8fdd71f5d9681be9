# Configures, builds and runs the consumer, and checks that nothing of deltanet's own came along.
#   cmake -D way=... -D deltanet_source=... -D deltanet_build=... -D generator=... -D compiler=... -P consume.cmake
set(folder ${deltanet_build}/consumer/${way})
set(arguments -D way=${way} -D CMAKE_CXX_COMPILER=${compiler})
if(way STREQUAL "find_package")
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${deltanet_build} --prefix ${folder}/prefix
                  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND arguments -D CMAKE_PREFIX_PATH=${folder}/prefix)
else()
  list(APPEND arguments -D deltanet_source=${deltanet_source})
endif()

execute_process(COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${folder}/build -G ${generator} ${arguments}
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${folder}/build COMMAND_ERROR_IS_FATAL ANY)
foreach(program IN ITEMS uses_all uses_io)
  execute_process(COMMAND ${folder}/build/${program} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

# One compile command for each of the consumer's own two sources, and no flag that only deltanet's developers want.
file(READ ${folder}/build/compile_commands.json commands)
string(JSON count LENGTH "${commands}")
if(NOT count EQUAL 2)
  message(FATAL_ERROR "expected the consumer's 2 sources to be compiled, got ${count}:\n${commands}")
endif()
foreach(i RANGE 1)
  string(JSON command GET "${commands}" ${i} command)
  if(command MATCHES " (-W[^ ]+|-march=[^ ]+|-O[^ ]*|-fsanitize[^ ]*)")
    message(FATAL_ERROR "a flag of deltanet's developers reached the consumer: ${CMAKE_MATCH_1}\n${command}")
  endif()
endforeach()
