// SPDX-License-Identifier: GPL-2.0-only
/* Words and numbers, and what is said of those that are wrong. */
#include "config.hpp"

namespace ns {

bool reader::take(const char *word)
{
	reader at = *this;

	for (; *word; word++)
		if (!at.take(*word))
			return false;
	*this = at;
	return true;
}

bool reader::take_number(uint64_t &value)
{
	constexpr uint64_t most = numeric_limits<uint64_t>::max();
	bool zero = peek() == '0';
	uint32_t digits = 0;

	value = 0;
	for (; peek() >= '0' && peek() <= '9'; skip(), digits++) {
		unsigned int digit = static_cast<unsigned int>(peek() - '0');

		if (value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	return digits == 1 || (digits && !zero);
}

bool reader::take_until(char end, ns_text &before)
{
	uint32_t length = 0;

	while (length < left.length && left.at[length] != end)
		length++;
	if (length == left.length)
		return false;
	before = { left.at, length };
	left = { left.at + length + 1, left.length - length - 1 };
	return true;
}

bool is_number(ns_text text, uint64_t min, uint64_t max, uint64_t &value)
{
	return ns_parse_count(text, min, max, &value) == NS_GOOD;
}

bool is_word(ns_text text, const char *word)
{
	reader from(text);

	return from.take(word) && from.at_end();
}

namespace {

bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == ',';
}

} // namespace

} // namespace ns

const char *ns_fault_text(enum ns_fault fault)
{
	switch (fault) {
	case NS_GOOD: return "nothing is wrong";
	case NS_NO_FAMILY: return "it begins with none of tcp:, unix:, vsock:";
	case NS_BAD_IP: return "there is no address of IPv4, nor one of IPv6 in []";
	case NS_BAD_IP_PORT: return "the port is not a number from 1 to 65535";
	case NS_BAD_VSOCK_PORT: return "the port is not a number from 1 to 4294967294";
	case NS_PATH_NOT_ABSOLUTE: return "the path does not begin with /";
	case NS_PATH_TOO_LONG: return "the path is longer than 107 bytes";
	case NS_PATH_HAS_NUL: return "the path has a NUL in it";
	case NS_BAD_CLIENT: return "it is none of ADDRESS, ADDRESS/BITS, cid:N, cid:any, unix";
	case NS_BAD_PREFIX: return "what follows the / is not a number from 0 to 32, or 128";
	case NS_HOST_BITS: return "a network's address has bits behind its prefix";
	case NS_BAD_CID: return "a cid is neither any nor a number from 0 to 4294967294";
	case NS_BAD_UID: return "the uid is not a number from 0 to 4294967294";
	case NS_BAD_GID: return "a gid is not a number from 0 to 4294967294";
	case NS_NO_GROUP: return "no gid follows the uid and a blank";
	case NS_TOO_MANY_GROUPS: return "there are too many groups";
	case NS_NO_NUMBER: return "it is not a number";
	case NS_TOO_SMALL: return "the number is too small";
	case NS_TOO_LARGE: return "the number is too large";
	case NS_BAD_SQUASH: return "it is none of root, all, none";
	case NS_NR_FAULTS: break;
	}
	return "it is wrong";
}

struct ns_text ns_written(const char *at, uint32_t length)
{
	if (length && at[length - 1] == '\n')
		length--;
	return { at, length };
}

bool ns_next_word(struct ns_text *rest, struct ns_text *word)
{
	ns::reader from(*rest);

	while (!from.at_end() && ns::is_separator(from.peek()))
		from.skip();
	*word = { from.rest().at, 0 };
	for (; !from.at_end() && !ns::is_separator(from.peek()); from.skip())
		word->length++;
	*rest = from.rest();
	return word->length;
}

enum ns_fault ns_parse_count(struct ns_text text, uint64_t min, uint64_t max, uint64_t *value)
{
	ns::reader from(text);
	uint64_t number;

	if (!from.take_number(number) || !from.at_end())
		return NS_NO_NUMBER;
	if (number < min)
		return NS_TOO_SMALL;
	if (number > max)
		return NS_TOO_LARGE;
	*value = number;
	return NS_GOOD;
}

enum ns_fault ns_parse_squash(struct ns_text text, enum ns_squash *squash)
{
	if (ns::is_word(text, "root"))
		*squash = NS_SQUASH_ROOT;
	else if (ns::is_word(text, "all"))
		*squash = NS_SQUASH_ALL;
	else if (ns::is_word(text, "none"))
		*squash = NS_SQUASH_NONE;
	else
		return NS_BAD_SQUASH;
	return NS_GOOD;
}
