/* SPDX-License-Identifier: GPL-2.0-only */
/* The config core beside its model, for one text; for the random tests and the fuzzer. */
#ifndef HF_TESTS_CONFIG_COMPARE_HPP
#define HF_TESTS_CONFIG_COMPARE_HPP

#include <cstring>
#include <memory>

#include "config_model.hpp"
#include "../reach.hpp"
#include "../source.hpp"

/* What every run has to meet. */
#define CONFIG_REACH                                                                  \
	{ "fault", NS_NR_FAULTS - 1 }, { "listener", NS_UNIX - NS_INET },              \
	{ "client", NS_UNIX - NS_INET }, { "matches", 1 }, { "removed", 1 },           \
	{ "word", 1 }, { "squashed", 1 }

namespace config_compare {

using config_model::string;
using ::world::source;

/* In memory of its own, so that a byte too many is found to be read. */
struct exact {
	std::unique_ptr<char[]> bytes;
	ns_text text;

	explicit exact(const string &from) : bytes(new char[from.size()])
	{
		std::memcpy(bytes.get(), from.data(), from.size());
		text = { bytes.get(), static_cast<uint32_t>(from.size()) };
	}
};

template <typename Thing>
struct guarded {
	Thing thing;

	guarded() { std::memset(static_cast<void *>(&thing), 0xa5, sizeof(thing)); }
	bool untouched() const
	{
		guarded fresh;

		return !std::memcmp(&thing, &fresh.thing, sizeof(thing));
	}
};

inline string bits_of(const ns_ip &ip)
{
	bool any = ip.family == NS_INET || ip.family == NS_INET6;

	/* What is not of its family is zero. */
	for (int i = !any ? 0 : ip.family == NS_INET ? 4 : 16; i < 16; i++)
		REQUIRE(!ip.bytes[i]);
	return any ? config_model::bits_of(ip) : "";
}

inline ns_fault told(ns_fault core_says, ns_fault model_says)
{
	REQUIRE(core_says == model_says, "%d, and the model says %d", core_says, model_says);
	REQUIRE(std::strlen(ns_fault_text(core_says)) > 5);
	reach::met("fault", core_says);
	return core_says;
}

inline ns_fault address(const string &text)
{
	exact input(text);
	guarded<ns_address> a;
	config_model::address wanted = config_model::parse_address(text);
	ns_fault fault = told(ns_parse_address(input.text, &a.thing), wanted.fault);

	if (fault != NS_GOOD) {
		REQUIRE(a.untouched());
		return fault;
	}
	REQUIRE(a.thing.ip.family == wanted.family && bits_of(a.thing.ip) == wanted.bits);
	REQUIRE(a.thing.port == wanted.port && a.thing.path.length == wanted.path.size());
	REQUIRE(string(a.thing.path.at, a.thing.path.length) == wanted.path);
	reach::met("listener", wanted.family - NS_INET);
	return fault;
}

/* Near the item, or anywhere. */
inline ns_peer some_peer(source &from, const ns_client &near)
{
	ns_peer peer = { near.ip, near.cid };
	uint32_t bit = from.pick(128);

	switch (from.pick(6)) {
	case 0:
		peer.ip.family = from.pick(NS_UNIX + 1);
		break;
	case 1:
		peer.cid += from.pick(3);
		break;
	case 2:
		/* The same, mapped. */
		if (peer.ip.family != NS_INET)
			break;
		peer.ip.family = NS_INET6;
		std::memmove(peer.ip.bytes + 12, peer.ip.bytes, 4);
		std::memset(peer.ip.bytes, 0, 10);
		peer.ip.bytes[10] = peer.ip.bytes[11] = 0xff;
		break;
	case 3:
		break;
	default:
		peer.ip.bytes[bit / 8] ^= 1 << bit % 8;
	}
	if (peer.ip.family == NS_INET)
		std::memset(peer.ip.bytes + 4, 0, 12);
	return peer;
}

inline ns_fault client(const string &text, source &from)
{
	exact input(text);
	guarded<ns_client> c;
	config_model::client wanted = config_model::parse_client(text);
	ns_fault fault = told(ns_parse_client(input.text, &c.thing), wanted.fault);

	if (fault != NS_GOOD) {
		REQUIRE(c.untouched());
		return fault;
	}
	bits_of(c.thing.ip);
	reach::met("client", c.thing.ip.family - NS_INET);
	for (int i = 0; i < 8; i++) {
		ns_peer peer = some_peer(from, c.thing);
		bool says = ns_client_matches(&c.thing, &peer);

		REQUIRE(says == config_model::matches(wanted, peer));
		reach::met("matches", says);
	}
	return fault;
}

inline ns_fault user(const string &text, uint32_t room)
{
	exact input(text);
	std::unique_ptr<uint32_t[]> groups(new uint32_t[room]);
	ns_user u = { 0xa5a5a5a5, 0xa5a5a5a5, groups.get() };
	config_model::user wanted = config_model::parse_user(text, room);
	ns_fault fault = told(ns_parse_user(input.text, room, &u), wanted.fault);

	REQUIRE(u.groups == groups.get());
	if (fault != NS_GOOD) {
		REQUIRE(u.uid == 0xa5a5a5a5 && u.nr_groups == 0xa5a5a5a5);
		return fault;
	}
	REQUIRE(u.uid == wanted.uid);
	REQUIRE(std::vector<uint32_t>(u.groups, u.groups + u.nr_groups) == wanted.groups);
	reach::met("removed", !u.nr_groups);
	return fault;
}

inline ns_fault count(const string &text, uint64_t min, uint64_t max)
{
	exact input(text);
	uint64_t value = 0xa5, wanted = 0xa5;
	ns_fault expected = config_model::parse_count(text, min, max, wanted);
	ns_fault fault = told(ns_parse_count(input.text, min, max, &value), expected);

	REQUIRE(value == wanted);
	return fault;
}

inline ns_fault squash_word(const string &text)
{
	exact input(text);
	std::map<string, ns_squash> known = { { "root", NS_SQUASH_ROOT }, { "all", NS_SQUASH_ALL },
					      { "none", NS_SQUASH_NONE } };
	ns_squash squash = NS_SQUASH_NONE;
	ns_fault fault = told(ns_parse_squash(input.text, &squash),
			      known.count(text) ? NS_GOOD : NS_BAD_SQUASH);

	if (fault == NS_GOOD)
		REQUIRE(squash == known[text]);
	return fault;
}

inline void list(const string &text)
{
	exact input(text);
	ns_text rest = input.text, word;
	std::vector<string> all;

	while (ns_next_word(&rest, &word))
		all.emplace_back(word.at, word.length);
	REQUIRE(all == config_model::words(text));
	REQUIRE(!rest.length);
	reach::met("word", !all.empty());
	ns_text written = ns_written(input.text.at, input.text.length);
	bool newline = text.ends_with("\n");

	REQUIRE(written.at == input.text.at && written.length == text.size() - newline);
}

inline uint32_t some_id(source &from)
{
	const uint32_t ids[] = { 0, 1, 4, 65534, NS_NO_ID - 1, NS_NO_ID };

	return from.pick(4) ? ids[from.pick(6)] : from.pick(256) * 1000;
}

inline void squash(source &from)
{
	config_model::ids who = { some_id(from), some_id(from), {} };
	uint32_t anon_uid = 65534 - from.pick(2), anon_gid = 65533 - from.pick(2);
	ns_squash how = static_cast<ns_squash>(from.pick(3));

	for (int i = from.pick(8); i > 0; i--)
		who.groups.push_back(some_id(from));
	std::vector<uint32_t> groups = who.groups;
	ns_ids ids = { who.uid, who.gid, static_cast<uint32_t>(groups.size()), groups.data() };
	config_model::ids wanted = config_model::squash(who, how, anon_uid, anon_gid);

	ns_squash_ids(&ids, how, anon_uid, anon_gid);
	REQUIRE(ids.uid == wanted.uid && ids.gid == wanted.gid && ids.groups == groups.data());
	REQUIRE(std::vector<uint32_t>(ids.groups, ids.groups + ids.nr_groups) == wanted.groups);
	/* Whatever comes in. */
	REQUIRE(ids.uid != NS_NO_ID && ids.gid != NS_NO_ID);
	reach::met("squashed", ids.uid != who.uid);
}

/* One text for everything that may be written. */
inline void all(const string &text, source &from)
{
	uint64_t min = from.pick(5), max = min + from.pick(200) * (from.pick(2) ? 1 : 1ull << 40);

	address(text);
	client(text, from);
	user(text, from.pick(4) ? NS_USER_GROUPS : from.pick(8));
	count(text, min, max);
	squash_word(text);
	list(text);
	squash(from);
}

} // namespace config_compare

#endif /* HF_TESTS_CONFIG_COMPARE_HPP */
