// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CRYPTOPP_CHACHA20_POLY1305_HPP
#define COFFER_CRYPTOPP_CHACHA20_POLY1305_HPP

#include <coffer/cryptopp/ciphers.hpp> // coffer::cryptopp::chacha20_poly1305 and what it also opens

#endif
