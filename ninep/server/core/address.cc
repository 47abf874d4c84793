// SPDX-License-Identifier: GPL-2.0-only
/* Addresses of IPv4 and IPv6 (RFC 4291, 2.2), and of listeners. */
#include "config.hpp"

namespace ns {

namespace {

constexpr unsigned int groups_of_ip6 = 8;

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool take_inet(reader &from, uint8_t *bytes)
{
	for (int i = 0; i < 4; i++) {
		uint64_t byte;

		if ((i && !from.take('.')) || !from.take_number(byte) || byte > 255)
			return false;
		bytes[i] = static_cast<uint8_t>(byte);
	}
	return true;
}

/* One to four digits. */
bool take_group(reader &from, uint8_t *bytes)
{
	unsigned int value = 0;
	int digits = 0;

	for (int digit; (digit = hex_digit(from.peek())) >= 0; from.skip(), digits++) {
		if (digits == 4)
			return false;
		value = value << 4 | static_cast<unsigned int>(digit);
	}
	bytes[0] = static_cast<uint8_t>(value >> 8);
	bytes[1] = static_cast<uint8_t>(value);
	return digits;
}

/* The groups of an address of IPv6 as they are written. */
struct written_groups {
	uint8_t bytes[16];
	unsigned int count;	/* of groups */
	unsigned int gap;	/* where :: stands; count or more: nowhere */
	bool has_gap;
};

/* The last two groups may be written as an address of IPv4. */
bool take_last_inet(reader &from, written_groups &to)
{
	reader at = from;

	if (to.count > groups_of_ip6 - 2 || !take_inet(at, to.bytes + 2 * to.count) || !at.at_end())
		return false;
	to.count += 2;
	from = at;
	return true;
}

/* What stands between two colons, and the colons behind it. */
bool take_part(reader &from, written_groups &to)
{
	if (take_last_inet(from, to))
		return true;
	if (to.count == groups_of_ip6 || !take_group(from, to.bytes + 2 * to.count))
		return false;
	to.count++;
	if (from.at_end())
		return true;
	if (!from.take(':') || from.at_end())
		return false;
	if (!from.take(':'))
		return true;
	if (to.has_gap)
		return false;
	to.has_gap = true;
	to.gap = to.count;
	return true;
}

/* The groups behind the gap go to the end, and there are zeroes between. */
void spread(const written_groups &from, uint8_t *bytes)
{
	unsigned int head = from.has_gap ? from.gap : groups_of_ip6;
	unsigned int moved = groups_of_ip6 - from.count;

	for (unsigned int group = 0; group < from.count; group++) {
		unsigned int to = group < head ? group : group + moved;

		bytes[2 * to] = from.bytes[2 * group];
		bytes[2 * to + 1] = from.bytes[2 * group + 1];
	}
}

ns_fault parse_port(ns_text text, uint64_t max, ns_fault otherwise, ns_address &address)
{
	uint64_t port;

	if (!is_number(text, 1, max, port))
		return otherwise;
	address.port = static_cast<uint32_t>(port);
	return NS_GOOD;
}

ns_fault parse_tcp(reader from, ns_address &address)
{
	bool inet6 = from.take('['), has_port;
	ns_text ip = from.rest();

	if (inet6 && !from.take_until(']', ip))
		return NS_BAD_IP;
	has_port = inet6 ? from.take(':') : from.take_until(':', ip);
	if (!(inet6 ? is_inet6(ip, address.ip) : is_inet(ip, address.ip)))
		return NS_BAD_IP;
	if (!has_port)
		return NS_BAD_IP_PORT;
	return parse_port(from.rest(), 65535, NS_BAD_IP_PORT, address);
}

ns_fault parse_path(ns_text path, ns_address &address)
{
	if (!path.length || path.at[0] != '/')
		return NS_PATH_NOT_ABSOLUTE;
	if (path.length > NS_PATH_MAX)
		return NS_PATH_TOO_LONG;
	for (uint32_t i = 0; i < path.length; i++)
		if (!path.at[i])
			return NS_PATH_HAS_NUL;
	address.ip.family = NS_UNIX;
	address.path = path;
	return NS_GOOD;
}

ns_fault parse_vsock(ns_text port, ns_address &address)
{
	address.ip.family = NS_VSOCK;
	/* The one behind is VMADDR_PORT_ANY. */
	return parse_port(port, 0xfffffffe, NS_BAD_VSOCK_PORT, address);
}

ns_fault parse_address(reader from, ns_address &address)
{
	if (from.take("tcp:"))
		return parse_tcp(from, address);
	if (from.take("unix:"))
		return parse_path(from.rest(), address);
	if (from.take("vsock:"))
		return parse_vsock(from.rest(), address);
	return NS_NO_FAMILY;
}

} // namespace

bool is_inet(ns_text text, ns_ip &ip)
{
	reader from(text);

	ip = ns_ip {};
	ip.family = NS_INET;
	return take_inet(from, ip.bytes) && from.at_end();
}

bool is_inet6(ns_text text, ns_ip &ip)
{
	reader from(text);
	written_groups groups = {};

	ip = ns_ip {};
	ip.family = NS_INET6;
	groups.has_gap = from.take("::");
	if (from.at_end() && !groups.has_gap)
		return false;
	while (!from.at_end())
		if (!take_part(from, groups))
			return false;
	/* The gap stands for one group at least. */
	if (groups.has_gap ? groups.count >= groups_of_ip6 : groups.count != groups_of_ip6)
		return false;
	spread(groups, ip.bytes);
	return true;
}

} // namespace ns

enum ns_fault ns_parse_address(struct ns_text text, struct ns_address *address)
{
	ns_address mine = {};
	ns_fault fault = ns::parse_address(ns::reader(text), mine);

	if (fault == NS_GOOD)
		*address = mine;
	return fault;
}
