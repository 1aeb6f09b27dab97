// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CRYPTOPP_AES_256_GCM_HPP
#define COFFER_CRYPTOPP_AES_256_GCM_HPP

#include <coffer/cryptopp/ciphers.hpp> // coffer::cryptopp::aes_256_gcm and what it also opens

#endif
