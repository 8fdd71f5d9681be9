# The installed package: find_package(deltanet), or find_package(deltanet COMPONENTS io) where deltanet::io is needed.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_folder ${CMAKE_INSTALL_DATADIR}/cmake/deltanet)
install(TARGETS deltanet EXPORT deltanet-targets FILE_SET HEADERS FILE_SET executors)
install(EXPORT deltanet-targets NAMESPACE deltanet:: DESTINATION ${package_folder})
if(DELTANET_IO)
  install(TARGETS deltanet_io EXPORT deltanet-io-targets FILE_SET HEADERS)
  install(EXPORT deltanet-io-targets NAMESPACE deltanet:: DESTINATION ${package_folder})
endif()

write_basic_package_version_file(deltanet-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/deltanet-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/deltanet-config-version.cmake
        DESTINATION ${package_folder})
