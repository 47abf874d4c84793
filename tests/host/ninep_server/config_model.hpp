/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The config core's model: strings, and inet_pton(); an address
 * of IPv4 is what maps it in IPv6, and a network as many characters of its bits.
 */
#ifndef HF_TESTS_CONFIG_MODEL_HPP
#define HF_TESTS_CONFIG_MODEL_HPP

#include <arpa/inet.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config_core.h"

namespace config_model {

using std::string;

inline std::optional<uint64_t> number(const string &text, uint64_t max = UINT64_MAX)
{
	if (text.empty() || text.size() > 20 || (text[0] == '0' && text != "0") ||
	    text.find_first_not_of("0123456789") != string::npos)
		return {};
	unsigned __int128 sum = 0;

	for (char c : text)
		sum = sum * 10 + (c - '0');
	if (sum > max)
		return {};
	return static_cast<uint64_t>(sum);
}

/* As bits in characters: 32 of them, or 128. */
inline std::optional<string> bits_of(int family, const string &text)
{
	std::array<uint8_t, 16> bytes = {};
	string bits;

	if (text.find('\0') != string::npos || inet_pton(family, text.c_str(), bytes.data()) != 1)
		return {};
	for (int i = 0; i < (family == AF_INET ? 32 : 128); i++)
		bits += bytes[i / 8] >> (7 - i % 8) & 1 ? '1' : '0';
	return bits;
}

inline string bits_of(const ns_ip &ip)
{
	string bits;

	for (int i = 0; i < (ip.family == NS_INET ? 32 : 128); i++)
		bits += ip.bytes[i / 8] >> (7 - i % 8) & 1 ? '1' : '0';
	return bits;
}

inline const string mapped = string(80, '0') + string(16, '1');

struct address {
	ns_fault fault;
	int family = 0;
	string bits = {}, path = {};
	uint64_t port = 0;
};

inline address with_port(address a, const string &text, uint64_t max, ns_fault otherwise)
{
	auto port = number(text, max);

	if (!port || !*port)
		return { otherwise };
	a.port = *port;
	return a;
}

inline address parse_tcp(const string &text)
{
	bool inet6 = text.starts_with("[");
	size_t end = text.find(inet6 ? ']' : ':');

	if (inet6 && end == string::npos)
		return { NS_BAD_IP };
	auto bits = bits_of(inet6 ? AF_INET6 : AF_INET,
			    inet6 ? text.substr(1, end - 1) : text.substr(0, end));

	if (!bits)
		return { NS_BAD_IP };
	string rest = end == string::npos ? "" : text.substr(end + inet6);

	if (!rest.starts_with(":"))
		return { NS_BAD_IP_PORT };
	return with_port({ NS_GOOD, inet6 ? NS_INET6 : NS_INET, *bits }, rest.substr(1), 65535,
			 NS_BAD_IP_PORT);
}

inline address parse_address(const string &text)
{
	if (text.starts_with("tcp:"))
		return parse_tcp(text.substr(4));
	if (text.starts_with("vsock:"))
		return with_port({ NS_GOOD, NS_VSOCK }, text.substr(6), UINT32_MAX - 1,
				 NS_BAD_VSOCK_PORT);
	if (!text.starts_with("unix:"))
		return { NS_NO_FAMILY };
	string path = text.substr(5);

	if (!path.starts_with("/"))
		return { NS_PATH_NOT_ABSOLUTE };
	if (path.size() > 107)
		return { NS_PATH_TOO_LONG };
	if (path.find('\0') != string::npos)
		return { NS_PATH_HAS_NUL };
	return { NS_GOOD, NS_UNIX, "", path };
}

/* bits: all that a peer has to begin with. */
struct client {
	ns_fault fault;
	int family = 0;
	string bits = {};
	std::optional<uint64_t> cid = {};
};

inline client parse_client(const string &text)
{
	if (text == "unix")
		return { NS_GOOD, NS_UNIX };
	if (text == "cid:any")
		return { NS_GOOD, NS_VSOCK };
	if (text.starts_with("cid:")) {
		auto cid = number(text.substr(4), UINT32_MAX - 1);

		return cid ? client { NS_GOOD, NS_VSOCK, "", cid } : client { NS_BAD_CID };
	}
	size_t slash = text.find('/');
	string ip = text.substr(0, slash);
	auto inet = bits_of(AF_INET, ip), inet6 = bits_of(AF_INET6, ip);

	if (!inet && !inet6)
		return { NS_BAD_CLIENT };
	string bits = inet ? *inet : *inet6;
	uint64_t prefix = bits.size();

	if (slash != string::npos) {
		auto said = number(text.substr(slash + 1), bits.size());

		if (!said)
			return { NS_BAD_PREFIX };
		prefix = *said;
	}
	if (bits.find('1', prefix) != string::npos)
		return { NS_HOST_BITS };
	return { NS_GOOD, NS_INET6, (inet ? mapped : "") + bits.substr(0, prefix) };
}

inline bool matches(const client &item, const ns_peer &peer)
{
	bool ip = peer.ip.family == NS_INET || peer.ip.family == NS_INET6;

	if (peer.ip.family == NS_VSOCK)
		return item.family == NS_VSOCK && (!item.cid || *item.cid == peer.cid);
	if (!ip || item.family != NS_INET6)
		return peer.ip.family == NS_UNIX && item.family == NS_UNIX;
	string bits = (peer.ip.family == NS_INET ? mapped : "") + bits_of(peer.ip);

	/* What is mapped is let in by what names IPv4 alone. */
	return bits.starts_with(item.bits) &&
	       bits.starts_with(mapped) == item.bits.starts_with(mapped);
}

struct user {
	ns_fault fault;
	uint64_t uid = 0;
	std::vector<uint32_t> groups = {};
};

inline user parse_user(const string &text, size_t room)
{
	bool remove = text.starts_with("-");
	size_t digits = text.find_first_not_of("0123456789", remove);
	auto uid = number(text.substr(remove, digits - remove), UINT32_MAX - 1);

	if (!uid || (remove && digits != string::npos))
		return { NS_BAD_UID };
	user found = { NS_GOOD, *uid };

	if (remove)
		return found;
	if (digits == string::npos || text[digits] != ' ' || digits + 1 == text.size())
		return { NS_NO_GROUP };
	string rest = text.substr(digits + 1) + ",";

	for (size_t end; (end = rest.find(',')) != string::npos; rest = rest.substr(end + 1)) {
		/* What comes first is told: a number with something behind it has been counted. */
		size_t behind = rest.find_first_not_of("0123456789");
		auto gid = number(rest.substr(0, behind), UINT32_MAX - 1);

		if (!gid)
			return { NS_BAD_GID };
		if (found.groups.size() == room)
			return { NS_TOO_MANY_GROUPS };
		if (behind != end)
			return { NS_BAD_GID };
		found.groups.push_back(static_cast<uint32_t>(*gid));
	}
	return found;
}

inline ns_fault parse_count(const string &text, uint64_t min, uint64_t max, uint64_t &value)
{
	auto found = number(text);

	if (!found)
		return NS_NO_NUMBER;
	if (*found < min)
		return NS_TOO_SMALL;
	if (*found > max)
		return NS_TOO_LARGE;
	value = *found;
	return NS_GOOD;
}

inline std::vector<string> words(string text)
{
	std::vector<string> all;
	string word;

	for (char &c : text)
		c = string(" \t\n,").find(c) == string::npos ? c : ' ';
	for (std::stringstream from(text); std::getline(from, word, ' ');)
		if (!word.empty())
			all.push_back(word);
	return all;
}

/* By a table of what each kind of id becomes. */
struct ids {
	uint32_t uid, gid;
	std::vector<uint32_t> groups;
};

inline ids squash(ids who, ns_squash how, uint32_t anon_uid, uint32_t anon_gid)
{
	std::map<ns_squash, std::set<uint32_t>> nobody = {
		{ NS_SQUASH_ROOT, { 0, NS_NO_ID } }, { NS_SQUASH_NONE, { NS_NO_ID } }
	};
	auto become = [&](uint32_t id, uint32_t anon) { return nobody[how].count(id) ? anon : id; };

	if (how == NS_SQUASH_ALL || who.uid == NS_NO_ID)
		return { anon_uid, anon_gid, {} };
	who.uid = become(who.uid, anon_uid);
	who.gid = become(who.gid, anon_gid);
	for (uint32_t &gid : who.groups)
		gid = become(gid, anon_gid);
	return who;
}

} // namespace config_model

#endif /* HF_TESTS_CONFIG_MODEL_HPP */
