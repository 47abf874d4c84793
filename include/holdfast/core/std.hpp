/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that a core may take from the standard library.  Every name is brought
 * into hf:: here; in a freestanding build (the kernel's, and the host build of
 * the very same files) the rest is out of reach, so that the compiler keeps
 * the rule: a core neither allocates nor throws nor prints, and calls nothing
 * that would need a runtime (std::popcount would call libgcc).
 */
#ifndef HF_CORE_STD_HPP
#define HF_CORE_STD_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace hf {

using std::int64_t;
using std::numeric_limits;
using std::same_as;
using std::size_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;
using std::uintptr_t;

} // namespace hf

#if __STDC_HOSTED__ == 0
#pragma GCC poison std
#pragma GCC poison malloc calloc realloc alloca
#pragma GCC poison throw try catch typeid dynamic_cast thread_local
#pragma GCC poison printf fprintf abort assert double float
#endif

#endif /* HF_CORE_STD_HPP */
