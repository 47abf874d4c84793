/* SPDX-License-Identifier: GPL-2.0-only */
/* The inside of the config core: reading a text from its front. */
#ifndef HF_NINEP_CONFIG_HPP
#define HF_NINEP_CONFIG_HPP

#include <holdfast/core/std.hpp>

#include "config_core.h"

namespace ns {

using hf::numeric_limits;
using hf::uint32_t;
using hf::uint64_t;
using hf::uint8_t;

/* All that is left of a text to read. */
class reader {
public:
	explicit reader(ns_text text) : left(text) {}

	[[nodiscard]] bool at_end() const { return !left.length; }
	/* What comes next; NUL at the end, and for a NUL. */
	[[nodiscard]] char peek() const { return left.length ? *left.at : '\0'; }
	[[nodiscard]] ns_text rest() const { return left; }

	void skip()
	{
		left.at++;
		left.length--;
	}

	/* If it comes next. */
	bool take(char wanted)
	{
		if (at_end() || *left.at != wanted)
			return false;
		skip();
		return true;
	}

	bool take(const char *word);
	/* false, and anything may have been read: no number, or more than 64 bits. */
	bool take_number(uint64_t &value);
	/* As far as the first such one, which is read too; false if there is none. */
	bool take_until(char end, ns_text &before);

private:
	ns_text left;
};

/* The whole text is a number from min to max. */
[[nodiscard]] bool is_number(ns_text text, uint64_t min, uint64_t max, uint64_t &value);
[[nodiscard]] bool is_word(ns_text text, const char *word);

/* address.cc: the whole text is one. */
[[nodiscard]] bool is_inet(ns_text text, ns_ip &ip);
[[nodiscard]] bool is_inet6(ns_text text, ns_ip &ip);

} // namespace ns

#endif /* HF_NINEP_CONFIG_HPP */
