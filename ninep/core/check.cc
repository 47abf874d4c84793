// SPDX-License-Identifier: GPL-2.0-only
/* Numbers by their rule; names as a directory of Linux has them. */
#include "check.hpp"

namespace np {

namespace {

bool contains(const np_str &string, char byte)
{
	for (uint32_t i = 0; i < string.len; i++)
		if (string.at[i] == byte)
			return true;
	return false;
}

bool is_dot(const np_str &string)
{
	return string.len == 1 && string.at[0] == '.';
}

bool is_dot_dot(const np_str &string)
{
	return string.len == 2 && string.at[0] == '.' && string.at[1] == '.';
}

/* A string's, but for "." and "..". */
np_status check_letters(const np_str &string)
{
	if (contains(string, '\0'))
		return NP_BAD_STRING;
	if (string.len > NP_NAME_MAX)
		return NP_LONG_NAME;
	return string.len && !contains(string, '/') ? NP_OK : NP_BAD_NAME;
}

np_status unless(bool bad, const np_str &string)
{
	return bad ? NP_BAD_NAME : check_letters(string);
}

} // namespace

np_status check_number(const np_field &field, uint64_t value)
{
	switch (field.rule) {
	case NP_FLAGS:
		return value & ~uint64_t { field.limit } ? NP_BAD_FLAGS : NP_OK;
	case NP_UPTO:
		return value > field.limit ? NP_BAD_VALUE : NP_OK;
	case NP_FROM1:
		return value < 1 || value > field.limit ? NP_BAD_VALUE : NP_OK;
	default:
		return NP_OK;
	}
}

np_status check_string(uint8_t rule, const np_str &string)
{
	switch (rule) {
	case NP_NAME:
		return unless(is_dot(string) || is_dot_dot(string), string);
	case NP_SEEN_NAME:
		return check_letters(string);
	default:
		return contains(string, '\0') ? NP_BAD_STRING : NP_OK;
	}
}

np_status check_step(const np_str &string)
{
	return unless(is_dot(string), string);
}

} // namespace np
