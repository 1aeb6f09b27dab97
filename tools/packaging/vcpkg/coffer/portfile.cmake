# SPDX-License-Identifier: BSL-1.0
# An overlay port: the source is the checkout that this file lies in.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES
    cryptopp COFFER_WITH_CRYPTOPP
    file     COFFER_WITH_FILE
    keyring  COFFER_WITH_KEYRING
)
set(VCPKG_BUILD_TYPE release) # header-only
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS
    ${features}
    -DCOFFER_BUILD_TESTS=OFF
    -DCOFFER_BUILD_EXAMPLES=OFF
    -DCOFFER_BUILD_BENCHMARKS=OFF
    -DCOFFER_WITH_COMMAND=OFF
    -DCOFFER_INSTALL=ON
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/coffer)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
