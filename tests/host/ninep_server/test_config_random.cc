// SPDX-License-Identifier: GPL-2.0-only
/* The config core against its model: texts that are right, and then changed a little. */
#include <gtest/gtest.h>

#include "config_compare.hpp"
#include "../random.hpp"

namespace {

using std::string;
using world::source;

string some_number(source &from)
{
	const char *special[] = { "0", "1", "65535", "65536", "4294967294", "4294967295", "32", "128",
				  "18446744073709551615", "18446744073709551616" };

	return from.pick(2) ? special[from.pick(10)] : std::to_string(from.pick(300));
}

string some_inet(source &from)
{
	string ip;

	for (int i = 0; i < 4; i++)
		ip += (i ? "." : "") + std::to_string(from.pick(3) ? from.pick(256) : 0);
	return ip;
}

string some_inet6(source &from)
{
	uint8_t bytes[16] = {};
	char text[INET6_ADDRSTRLEN];

	if (from.pick(4) == 0)
		return (from.pick(2) ? "::ffff:" : "::") + some_inet(from);
	for (uint8_t &byte : bytes)
		byte = from.pick(3) ? 0 : from.pick(256);
	inet_ntop(AF_INET6, bytes, text, sizeof(text));
	return text;
}

/* Host bits are rare. */
string some_network(source &from)
{
	const char *networks[] = { "10.0.0.0/8", "192.0.2.128/25", "0.0.0.0/0", "::/0", "2001:db8::/33",
				   "::ffff:10.0.0.0/104", "fe80::/10" };

	switch (from.pick(4)) {
	case 0: return some_inet(from) + (from.pick(2) ? "/" + std::to_string(from.pick(35)) : "");
	case 1: return some_inet6(from) + (from.pick(2) ? "/" + std::to_string(from.pick(131)) : "");
	default: return networks[from.pick(7)];
	}
}

string some_user(source &from)
{
	string text = (from.pick(4) ? "" : "-") + some_number(from);

	if (text[0] == '-' && from.pick(4))
		return text;
	text += " ";
	for (int i = from.pick(10); i >= 0; i--)
		text += some_number(from) + (i ? "," : "");
	return text;
}

string some_text(source &from)
{
	const char *words[] = { "root", "all", "none", "unix", "cid:any", "cid:", "unix:" };

	switch (from.pick(9)) {
	case 0: return "tcp:" + some_inet(from) + ":" + some_number(from);
	case 1: return "tcp:[" + some_inet6(from) + "]:" + some_number(from);
	case 2: return "vsock:" + some_number(from);
	case 3: return "unix:/" + string(from.pick(130), 'p');
	case 4: return "cid:" + some_number(from);
	case 5: return some_user(from);
	case 6: return some_number(from);
	case 7: return words[from.pick(7)];
	default: return some_network(from);
	}
}

void change(string &text, source &from)
{
	const string characters("0123456789abcdf:./[],- \n\0%x", 27);
	size_t at = from.pick(text.size() + 1);
	char c = characters[from.pick(characters.size())];

	switch (from.pick(3)) {
	case 0:
		text.insert(at, 1, c);
		break;
	case 1:
		if (at < text.size())
			text.erase(at, 1 + from.pick(3));
		break;
	case 2:
		if (at < text.size())
			text[at] = c;
		break;
	}
}

} // namespace

TEST(ConfigRandom, EveryText)
{
	reach::counts().clear();
	rnd::seeds(100, [&](rnd::generator &from, uint64_t) {
		for (int i = 0; i < 100; i++) {
			string text = some_text(from);

			config_compare::all(text, from);
			for (int changes = from.pick(4); changes > 0; changes--) {
				change(text, from);
				config_compare::all(text, from);
			}
		}
	});
	if (!rnd::repeating()) {
		EXPECT_EQ(reach::missing({ CONFIG_REACH }, 20), "");
	}
}

/* Addresses alone: inet_pton() knows them. */
TEST(ConfigRandom, Addresses)
{
	uint64_t good = 0, bad = 0;

	rnd::seeds(100, [&](rnd::generator &from, uint64_t) {
		for (int i = 0; i < 300; i++) {
			string text = from.pick(2) ? some_inet6(from) : some_inet(from);

			for (int changes = from.pick(3); changes > 0; changes--)
				change(text, from);
			(config_compare::client(text, from) == NS_GOOD ? good : bad)++;
		}
	});
	if (rnd::repeating())
		return;
	EXPECT_GT(good, 5000u);
	EXPECT_GT(bad, 5000u);
}
