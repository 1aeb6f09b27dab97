// SPDX-License-Identifier: BSL-1.0
#include "support/vault.hpp"

template class coffer::vault<coffer_test::test_policy>;
template class coffer::resolver<coffer_test::test_policy>;
template class coffer::detail::engine<coffer_test::test_policy>;
