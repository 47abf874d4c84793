// SPDX-License-Identifier: GPL-2.0-only
/* Connections of the 9P client that do not come to be, or that a program has made. */
#include <linux/err.h>
#include <linux/net.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "client.h"

static const u8 unknown[] = {
	20, 0, 0, 0, NP_RVERSION, 0xff, 0xff, 0, 0, 1, 0, 7, 0,
	'u', 'n', 'k', 'n', 'o', 'w', 'n',
};

/* As old servers do: the end has been seen before anybody asks once more. */
static void ends_at_once(struct kunit *test)
{
	struct hf9c_session_options options = client_options;
	struct socket *ends[2];

	options.dialect = NP_HF1;
	connect_pair(test, &init_net, AF_UNIX, ends);
	raw_send(test, ends[1], unknown, sizeof(unknown));
	KUNIT_ASSERT_EQ(test, kernel_sock_shutdown(ends[1], SHUT_WR), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(hf9c_session_open(ends[0], &options)), -ENODATA);
	sock_release(ends[1]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ends_at_once),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_client_connect",
	.test_cases = cases,
};

kunit_test_suite(suite);
