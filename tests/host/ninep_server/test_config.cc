// SPDX-License-Identifier: GPL-2.0-only
/* What the server may be told, text by text. */
#include <gtest/gtest.h>

#include "config_compare.hpp"
#include "../random.hpp"

using std::string;

extern "C" const char *config_from_c(void);

namespace {

ns_text text_of(const string &text)
{
	return { text.data(), static_cast<uint32_t>(text.size()) };
}

/* Its path is in what was asked last. */
ns_address address_of(const string &text)
{
	static string kept;
	ns_address address = {};

	kept = text;
	EXPECT_EQ(config_compare::address(kept), NS_GOOD) << text;
	EXPECT_EQ(ns_parse_address(text_of(kept), &address), NS_GOOD);
	return address;
}

ns_client client_of(const string &text)
{
	ns_client client = {};

	EXPECT_EQ(ns_parse_client(text_of(text), &client), NS_GOOD) << text;
	return client;
}

ns_peer inet(const char *ip)
{
	ns_peer peer = {};

	peer.ip.family = std::strchr(ip, ':') ? NS_INET6 : NS_INET;
	EXPECT_EQ(inet_pton(peer.ip.family == NS_INET ? AF_INET : AF_INET6, ip, peer.ip.bytes), 1);
	return peer;
}

ns_peer vsock(uint32_t cid)
{
	ns_peer peer = {};

	peer.ip.family = NS_VSOCK;
	peer.cid = cid;
	return peer;
}

bool lets_in(const string &item, const ns_peer &peer)
{
	ns_client client = client_of(item);

	return ns_client_matches(&client, &peer);
}

} // namespace

TEST(Config, FromC)
{
	EXPECT_EQ(config_from_c(), nullptr);
}

TEST(Config, Listeners)
{
	ns_address a = address_of("tcp:192.0.2.1:564");

	EXPECT_EQ(a.ip.family, NS_INET);
	EXPECT_EQ(a.ip.bytes[3], 1);
	EXPECT_EQ(a.port, 564u);
	a = address_of("tcp:[2001:db8::564]:65535");
	EXPECT_EQ(a.ip.family, NS_INET6);
	EXPECT_EQ(a.ip.bytes[0], 0x20);
	EXPECT_EQ(a.ip.bytes[15], 0x64);
	EXPECT_EQ(address_of("tcp:[::]:1").port, 1u);
	EXPECT_EQ(address_of("tcp:[::ffff:192.0.2.1]:1").ip.family, NS_INET6);
	EXPECT_EQ(address_of("vsock:4294967294").port, 4294967294u);
	a = address_of("unix:/run/a b:c");
	EXPECT_EQ(a.ip.family, NS_UNIX);
	EXPECT_EQ(string(a.path.at, a.path.length), "/run/a b:c");
	EXPECT_EQ(address_of("unix:/" + string(106, 'x')).path.length, 107u);
}

TEST(Config, NoListeners)
{
	const struct {
		ns_fault fault;
		string text;
	} rows[] = {
		{ NS_NO_FAMILY, "" },
		{ NS_NO_FAMILY, "tcp" },
		{ NS_NO_FAMILY, "udp:1.2.3.4:5" },
		{ NS_NO_FAMILY, " tcp:1.2.3.4:5" },
		{ NS_BAD_IP, "tcp:" },
		{ NS_BAD_IP, "tcp::564" },
		{ NS_BAD_IP, "tcp:host:564" },
		{ NS_BAD_IP, "tcp:1.2.3:564" },
		{ NS_BAD_IP, "tcp:1.2.3.4.5:564" },
		{ NS_BAD_IP, "tcp:1.2.3.256:564" },
		{ NS_BAD_IP, "tcp:1.2.3.04:564" },
		{ NS_BAD_IP, "tcp:0x1.2.3.4:564" },
		{ NS_BAD_IP, "tcp:1.2.3.4 :564" },
		{ NS_BAD_IP, "tcp:::1:564" },
		{ NS_BAD_IP, "tcp:[::1:564" },
		{ NS_BAD_IP, "tcp:[1.2.3.4]:564" },
		{ NS_BAD_IP, "tcp:[fe80::1%eth0]:564" },
		{ NS_BAD_IP, "tcp:[1:2:3:4:5:6:7]:564" },
		{ NS_BAD_IP, "tcp:[1:2:3:4:5:6:7:8:9]:564" },
		{ NS_BAD_IP, "tcp:[1:2:3:4::5:6:7:8]:564" },
		{ NS_BAD_IP, "tcp:[1::2::3]:564" },
		{ NS_BAD_IP, "tcp:[:1::]:564" },
		{ NS_BAD_IP, "tcp:[1:2:3:4:5:6:7:]:564" },
		{ NS_BAD_IP, "tcp:[12345::]:564" },
		{ NS_BAD_IP, "tcp:[::1.2.3.4:5]:564" },
		{ NS_BAD_IP, "tcp:[1:2:3:4:5:6:7:1.2.3.4]:564" },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4" },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4:" },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4:0" },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4:65536" },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4:0564" },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4:564 " },
		{ NS_BAD_IP_PORT, "tcp:1.2.3.4:18446744073709552180" },
		{ NS_BAD_IP_PORT, "tcp:[::1]" },
		{ NS_BAD_IP_PORT, "tcp:[::1]564" },
		{ NS_BAD_VSOCK_PORT, "vsock:" },
		{ NS_BAD_VSOCK_PORT, "vsock:4294967295" },
		{ NS_BAD_VSOCK_PORT, "vsock:1:2" },
		{ NS_PATH_NOT_ABSOLUTE, "unix:" },
		{ NS_PATH_NOT_ABSOLUTE, "unix:run/x" },
		{ NS_PATH_NOT_ABSOLUTE, "unix:@abstract" },
		{ NS_PATH_TOO_LONG, "unix:/" + string(107, 'x') },
		{ NS_PATH_HAS_NUL, string("unix:/a\0b", 9) },
	};

	for (auto &row : rows)
		EXPECT_EQ(config_compare::address(row.text), row.fault) << row.text;
}

TEST(Config, Clients)
{
	EXPECT_TRUE(lets_in("192.0.2.1", inet("192.0.2.1")));
	EXPECT_FALSE(lets_in("192.0.2.1", inet("192.0.2.2")));
	EXPECT_TRUE(lets_in("192.0.2.0/24", inet("192.0.2.255")));
	EXPECT_FALSE(lets_in("192.0.2.0/24", inet("192.0.3.0")));
	EXPECT_TRUE(lets_in("192.0.2.128/25", inet("192.0.2.129")));
	EXPECT_FALSE(lets_in("192.0.2.128/25", inet("192.0.2.127")));
	EXPECT_TRUE(lets_in("0.0.0.0/0", inet("255.255.255.255")));
	EXPECT_TRUE(lets_in("2001:db8::/33", inet("2001:db8:7fff::1")));
	EXPECT_FALSE(lets_in("2001:db8::/33", inet("2001:db8:8000::1")));
	EXPECT_TRUE(lets_in("::/0", inet("2001:db8::1")));
	EXPECT_FALSE(lets_in("::/0", vsock(2)));
	EXPECT_TRUE(lets_in("cid:3", vsock(3)));
	EXPECT_FALSE(lets_in("cid:3", vsock(4)));
	EXPECT_TRUE(lets_in("cid:any", vsock(4)));
	EXPECT_FALSE(lets_in("cid:any", inet("0.0.0.0")));
	ns_peer local = {};

	local.ip.family = NS_UNIX;
	EXPECT_TRUE(lets_in("unix", local));
	for (const char *item : { "0.0.0.0/0", "::/0", "cid:any" })
		EXPECT_FALSE(lets_in(item, local));
	/* Of no family: nobody. */
	ns_client none = {};
	ns_peer nobody = {};

	EXPECT_FALSE(ns_client_matches(&none, &nobody));
}

/* A listener of IPv6 sees clients of IPv4 so. */
TEST(Config, WhatIsMappedIsIpv4)
{
	EXPECT_TRUE(lets_in("192.0.2.0/24", inet("::ffff:192.0.2.7")));
	EXPECT_FALSE(lets_in("192.0.2.0/24", inet("::ffff:192.0.3.7")));
	EXPECT_FALSE(lets_in("192.0.2.0/24", inet("::192.0.2.7")));
	EXPECT_FALSE(lets_in("::/0", inet("::ffff:192.0.2.7")));
	EXPECT_FALSE(lets_in("::/0", inet("192.0.2.7")));
	EXPECT_TRUE(lets_in("::ffff:192.0.2.0/120", inet("192.0.2.7")));
	EXPECT_TRUE(lets_in("::ffff:192.0.2.7", inet("::ffff:192.0.2.7")));
	EXPECT_TRUE(lets_in("::ffff:0:0/96", inet("192.0.2.7")));
	EXPECT_EQ(client_of("::ffff:192.0.2.0/120").prefix, 24);
}

TEST(Config, NoClients)
{
	const struct {
		ns_fault fault;
		const char *text;
	} rows[] = {
		{ NS_BAD_CLIENT, "" },
		{ NS_BAD_CLIENT, "any" },
		{ NS_BAD_CLIENT, "*" },
		{ NS_BAD_CLIENT, "host.example" },
		{ NS_BAD_CLIENT, "[::1]" },
		{ NS_BAD_CLIENT, "/24" },
		{ NS_BAD_CLIENT, "unix:" },
		{ NS_BAD_PREFIX, "192.0.2.0/" },
		{ NS_BAD_PREFIX, "192.0.2.0/33" },
		{ NS_BAD_PREFIX, "192.0.2.0/24/24" },
		{ NS_BAD_PREFIX, "192.0.2.0/024" },
		{ NS_BAD_PREFIX, "192.0.2.0/255.255.255.0" },
		{ NS_BAD_PREFIX, "::/129" },
		{ NS_HOST_BITS, "192.0.2.1/24" },
		{ NS_HOST_BITS, "192.0.2.0/0" },
		{ NS_HOST_BITS, "2001:db8::1/127" },
		{ NS_HOST_BITS, "::ffff:0:0/95" },
		{ NS_HOST_BITS, "::ffff:192.0.2.1/120" },
		{ NS_BAD_CID, "cid:" },
		{ NS_BAD_CID, "cid:4294967295" },
		{ NS_BAD_CID, "cid:-1" },
		{ NS_BAD_CID, "cid:anyone" },
	};

	rnd::one(1, [&](rnd::generator &from, uint64_t) {
		for (auto &row : rows)
			EXPECT_EQ(config_compare::client(row.text, from), row.fault) << row.text;
	});
}

TEST(Config, Users)
{
	const struct {
		ns_fault fault;
		const char *text;
	} rows[] = {
		{ NS_GOOD, "1000 1000" },
		{ NS_GOOD, "0 0,4,27" },
		{ NS_GOOD, "4294967294 4294967294" },
		{ NS_GOOD, "-1000" },
		{ NS_BAD_UID, "" },
		{ NS_BAD_UID, "-" },
		{ NS_BAD_UID, "root 0" },
		{ NS_BAD_UID, "4294967295 0" },
		{ NS_BAD_UID, "-1000 1000" },
		{ NS_BAD_UID, "--1000" },
		{ NS_BAD_UID, " 1000 1000" },
		{ NS_NO_GROUP, "1000" },
		{ NS_NO_GROUP, "1000 " },
		{ NS_NO_GROUP, "1000:1000" },
		{ NS_NO_GROUP, "1000\t1000" },
		{ NS_BAD_GID, "1000  1000" },
		{ NS_BAD_GID, "1000 1000," },
		{ NS_BAD_GID, "1000 1000,,4" },
		{ NS_BAD_GID, "1000 1000, 4" },
		{ NS_BAD_GID, "1000 1000 4" },
		{ NS_BAD_GID, "1000 4294967295" },
		{ NS_BAD_GID, "1000 01000" },
	};

	for (auto &row : rows)
		EXPECT_EQ(config_compare::user(row.text, 8), row.fault) << row.text;
	EXPECT_EQ(config_compare::user("1 2,3,4", 3), NS_GOOD);
	EXPECT_EQ(config_compare::user("1 2,3,4", 2), NS_TOO_MANY_GROUPS);
}

/* The longest write, of as many groups as can be in it. */
TEST(Config, AUserOfManyGroups)
{
	string text = "0 ";

	while (text.size() < 4095)
		text += text.size() % 2 ? "," : "0";
	std::vector<uint32_t> groups(NS_USER_GROUPS);
	ns_user user = { 1, 1, groups.data() };

	EXPECT_EQ(ns_parse_user(text_of(text), NS_USER_GROUPS, &user), NS_GOOD);
	EXPECT_EQ(user.nr_groups, 2047u);
	EXPECT_LT(user.nr_groups, NS_USER_GROUPS);
}

TEST(Config, Counts)
{
	EXPECT_EQ(config_compare::count("0", 0, 1), NS_GOOD);
	EXPECT_EQ(config_compare::count("1", 0, 1), NS_GOOD);
	EXPECT_EQ(config_compare::count("2", 0, 1), NS_TOO_LARGE);
	EXPECT_EQ(config_compare::count("0", 1, 9), NS_TOO_SMALL);
	EXPECT_EQ(config_compare::count("18446744073709551615", 0, UINT64_MAX), NS_GOOD);
	for (const char *text : { "", "-1", "+1", " 1", "1 ", "01", "0x1", "1k", "1\n1",
				  "18446744073709551616", "99999999999999999999999" })
		EXPECT_EQ(config_compare::count(text, 0, UINT64_MAX), NS_NO_NUMBER) << text;
}

TEST(Config, Squash)
{
	for (const char *text : { "root", "all", "none" })
		EXPECT_EQ(config_compare::squash_word(text), NS_GOOD);
	for (const char *text : { "", "Root", "roots", "no", "root " })
		EXPECT_EQ(config_compare::squash_word(text), NS_BAD_SQUASH);
}

TEST(Config, Words)
{
	for (const char *text : { "", " ", ",", "a", " a", "a ", "a,b", "a, b", "\ta\n,b\n",
				  "a\n" })
		config_compare::list(text);
}

TEST(Config, EveryFaultHasItsOwnWords)
{
	std::set<string> texts;

	for (int fault = NS_GOOD; fault <= NS_NR_FAULTS; fault++)
		EXPECT_TRUE(texts.insert(ns_fault_text(static_cast<ns_fault>(fault))).second) << fault;
}

namespace {

/* uid, gid and two groups, as whom they act: nobody is 99, its gid is 98. */
string acts(uint32_t uid, uint32_t gid, ns_squash squash)
{
	uint32_t groups[] = { 0, 4 };
	ns_ids ids = { uid, gid, 2, groups };
	string said;

	ns_squash_ids(&ids, squash, 99, 98);
	said = std::to_string(ids.uid) + " " + std::to_string(ids.gid);
	for (uint32_t i = 0; i < ids.nr_groups; i++)
		said += "," + std::to_string(ids.groups[i]);
	return said;
}

} // namespace

TEST(Config, AsWhomAUserActs)
{
	EXPECT_EQ(acts(0, 0, NS_SQUASH_ROOT), "99 98,98,4");
	EXPECT_EQ(acts(0, 5, NS_SQUASH_ROOT), "99 5,98,4");
	EXPECT_EQ(acts(1000, 0, NS_SQUASH_ROOT), "1000 98,98,4");
	EXPECT_EQ(acts(1000, 5, NS_SQUASH_ROOT), "1000 5,98,4");
	EXPECT_EQ(acts(0, 0, NS_SQUASH_NONE), "0 0,0,4");
	EXPECT_EQ(acts(1000, 5, NS_SQUASH_ALL), "99 98");
	EXPECT_EQ(acts(1000, NS_NO_ID, NS_SQUASH_NONE), "1000 98,0,4");
	for (ns_squash squash : { NS_SQUASH_ROOT, NS_SQUASH_ALL, NS_SQUASH_NONE })
		EXPECT_EQ(acts(NS_NO_ID, 0, squash), "99 98");
}
