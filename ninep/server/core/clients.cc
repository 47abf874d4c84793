// SPDX-License-Identifier: GPL-2.0-only
/* Who may connect. */
#include "config.hpp"

namespace {

using hf::uint32_t;
using hf::uint64_t;
using hf::uint8_t;
using ns::reader;

constexpr uint8_t mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool is_mapped(const ns_ip &ip)
{
	if (ip.family != NS_INET6)
		return false;
	for (unsigned int i = 0; i < sizeof(mapped); i++)
		if (ip.bytes[i] != mapped[i])
			return false;
	return true;
}

ns_ip unmapped(const ns_ip &ip)
{
	ns_ip inner = {};

	if (!is_mapped(ip))
		return ip;
	inner.family = NS_INET;
	for (unsigned int i = 0; i < 4; i++)
		inner.bytes[i] = ip.bytes[sizeof(mapped) + i];
	return inner;
}

/* Those of a byte's bits that are in the first so many of the address. */
uint8_t mask_of(unsigned int prefix, unsigned int byte)
{
	if (prefix >= 8 * byte + 8)
		return 0xff;
	return prefix <= 8 * byte ? 0 : static_cast<uint8_t>(0xff00u >> (prefix - 8 * byte));
}

bool has_host_bits(const ns_client &client)
{
	for (unsigned int i = 0; i < sizeof(client.ip.bytes); i++)
		if (client.ip.bytes[i] & ~mask_of(client.prefix, i))
			return true;
	return false;
}

bool is_in_network(const ns_client &client, const ns_ip &ip)
{
	for (unsigned int i = 0; i < sizeof(ip.bytes); i++)
		if ((client.ip.bytes[i] ^ ip.bytes[i]) & mask_of(client.prefix, i))
			return false;
	return true;
}

ns_fault parse_cid(ns_text text, ns_client &client)
{
	uint64_t cid = 0;

	client.ip.family = NS_VSOCK;
	if (ns::is_word(text, "any"))
		return NS_GOOD;
	/* The one behind is VMADDR_CID_ANY. */
	if (!ns::is_number(text, 0, 0xfffffffe, cid))
		return NS_BAD_CID;
	client.prefix = 32;
	client.cid = static_cast<uint32_t>(cid);
	return NS_GOOD;
}

/* (Of one that is shorter than the mapping, what says so would be host bits.) */
void unmap(ns_client &client)
{
	if (!is_mapped(client.ip) || client.prefix < 8 * sizeof(mapped))
		return;
	client.ip = unmapped(client.ip);
	client.prefix -= 8 * sizeof(mapped);
}

ns_fault parse_network(ns_text text, ns_client &client)
{
	reader from(text);
	ns_text ip = text;
	bool has_prefix = from.take_until('/', ip);

	if (!ns::is_inet(ip, client.ip) && !ns::is_inet6(ip, client.ip))
		return NS_BAD_CLIENT;
	uint64_t prefix = client.ip.family == NS_INET ? 32 : 128;

	if (has_prefix && !ns::is_number(from.rest(), 0, prefix, prefix))
		return NS_BAD_PREFIX;
	client.prefix = static_cast<uint8_t>(prefix);
	if (has_host_bits(client))
		return NS_HOST_BITS;
	unmap(client);
	return NS_GOOD;
}

ns_fault parse_client(ns_text text, ns_client &client)
{
	reader from(text);

	if (from.take("cid:"))
		return parse_cid(from.rest(), client);
	if (ns::is_word(text, "unix")) {
		client.ip.family = NS_UNIX;
		return NS_GOOD;
	}
	return parse_network(text, client);
}

} // namespace

enum ns_fault ns_parse_client(struct ns_text text, struct ns_client *client)
{
	ns_client mine = {};
	ns_fault fault = parse_client(text, mine);

	if (fault == NS_GOOD)
		*client = mine;
	return fault;
}

bool ns_client_matches(const struct ns_client *client, const struct ns_peer *peer)
{
	ns_ip ip = unmapped(peer->ip);

	if (client->ip.family != ip.family)
		return false;
	switch (ip.family) {
	case NS_INET:
	case NS_INET6:
		return is_in_network(*client, ip);
	case NS_VSOCK:
		return !client->prefix || client->cid == peer->cid;
	case NS_UNIX:
		return true;
	}
	return false;
}
