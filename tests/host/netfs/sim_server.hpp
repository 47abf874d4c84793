/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server with one file of bytes, which answers in any order and not always well; and
 * what is known of each byte, to judge what a client reads and writes by.  Its time is
 * seq, which rises with each change.
 */
#ifndef HF_TESTS_NETFS_SERVER_HPP
#define HF_TESTS_NETFS_SERVER_HPP

#include <algorithm>
#include <array>
#include <vector>

#include "netfs_core.h"
#include "../source.hpp"

namespace netfs_world {

/* The largest file. */
inline constexpr int64_t domain = 512;

struct server {
	std::vector<uint8_t> bytes;
	uint64_t seq = 1;
	/* When it changed last, and when another client's write made the file grow over it. */
	std::array<uint64_t, domain> changed {}, foreign_grown {};

	int64_t size() const { return bytes.size(); }

	uint8_t value(int64_t at) const { return at < size() ? bytes[at] : 0; }

	void set(int64_t at, uint8_t value)
	{
		if (bytes[at] != value)
			changed[at] = seq;
		bytes[at] = value;
	}

	void resize(int64_t to)
	{
		seq++;
		for (int64_t at = to; at < size(); at++)
			if (bytes[at])
				changed[at] = seq;
		bytes.resize(to);
	}

	/* By another client. */
	void foreign_write(int64_t from, int64_t to, uint8_t stamp, const std::array<bool, domain> &ours)
	{
		int64_t before = size();

		seq++;
		for (int64_t at = before; at < to; at++)
			foreign_grown[at] = seq;
		if (to > before)
			bytes.resize(to);
		for (int64_t at = from; at < to; at++)
			if (!ours[at])
				set(at, stamp);
	}
};

enum what { READ, WRITE, GETATTR, RESIZE };

/* A message, from when it is sent until it is answered. */
struct rpc {
	what kind;
	void *of;		/* a subrequest, or an operation */
	int64_t pos = 0;
	uint32_t len = 0;
	uint64_t sent = 0;	/* seq */
	uint64_t processed = 0;	/* seq; 0: not yet */
	bool silent = false;	/* not answered unless it is flushed, or the session dies */
	bool flushed = false;
	rl_answer answer = {};
	std::vector<uint8_t> data = {};
	int64_t size = 0;	/* what a getattr says, a resize asks for */
};

} // namespace netfs_world

#endif /* HF_TESTS_NETFS_SERVER_HPP */
