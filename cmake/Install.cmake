# What `cmake --install` puts where. Included by the root when the program itself is built.
include_guard()
include(GNUInstallDirs)

set(STK_SYSTEMD_UNIT_DIR lib/systemd/system CACHE STRING "Where systemd units go, below the prefix")
set(stk_share ${CMAKE_INSTALL_DATADIR}/stackscaler)

install(TARGETS stackscaler RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY examples crd manifests DESTINATION ${stk_share}
  PATTERN ".terraform" EXCLUDE PATTERN "*.tfstate*" EXCLUDE PATTERN ".terraform.lock.hcl" EXCLUDE)
configure_file(packaging/stackscaler.service.in ${PROJECT_BINARY_DIR}/stackscaler.service @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/stackscaler.service DESTINATION ${STK_SYSTEMD_UNIT_DIR})
install(FILES packaging/stackscaler.env DESTINATION ${stk_share})
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
