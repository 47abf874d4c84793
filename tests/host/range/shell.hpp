/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shell for the tests: memory for the core, counted to the last record, and
 * an observer that keeps a mirror and refuses what no mirror could follow.
 */
#ifndef HF_TESTS_RANGE_SHELL_HPP
#define HF_TESTS_RANGE_SHELL_HPP

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "lock_core.h"
#include "../source.hpp"

namespace shell {

inline long &live()
{
	static long count;

	return count;
}

/* A record's two parts, joined. */
struct memory {
	lk_record record;
	lk_holder holder;

	memory() : record(), holder() { lk_record_init(&record, &holder); }
	memory(const memory &) : memory() {}
	memory &operator=(const memory &) = delete;

	static memory *of(lk_record *record) { return reinterpret_cast<memory *>(record); }
};

inline void give(lk_list &list, unsigned int count)
{
	for (; list.count < count; live()++)
		lk_list_push(&list, &(new memory)->record);
}

inline void free_all(lk_list &list)
{
	while (lk_record *record = lk_list_pop(&list)) {
		REQUIRE(record->holder->record == record);
		delete memory::of(record);
		live()--;
	}
}

/* What a mirror knows of one record. */
struct entry {
	uint64_t identity;
	bool linked, blocks;
	int64_t start, end;
	int type;
};

struct mirror {
	std::map<const lk_record *, entry> entries;
	uint64_t ran_out = 0, renewed = 0;

	static mirror &of(void *context) { return *static_cast<mirror *>(context); }

	static void adopt(void *context, lk_record *record, const lk_record *origin,
			  const void *cookie)
	{
		auto &entries = of(context).entries;

		REQUIRE(!entries.count(record), "identity given twice");
		REQUIRE(!origin || entries.count(origin), "from one that has none");
		REQUIRE(origin || cookie);
		uint64_t identity = origin ? entries[origin].identity
					   : *static_cast<const uint64_t *>(cookie);

		REQUIRE(identity == record->holder->owner);
		entries[record] = { identity, false, false, 0, 0, 0 };
	}

	/* Called before the change, of what is held, by its owner. */
	static void renew(void *context, lk_record *record, const void *cookie)
	{
		entry &e = of(context).entries.at(record);

		REQUIRE(e.linked && cookie);
		e.identity = *static_cast<const uint64_t *>(cookie);
		REQUIRE(e.identity == record->holder->owner);
		of(context).renewed++;
	}

	static void link(void *context, lk_record *record)
	{
		auto &entries = of(context).entries;

		REQUIRE(entries.count(record) && !entries[record].linked);
		entries[record].linked = true;
		change(context, record);
	}

	static void unlink(void *context, lk_record *record)
	{
		entry &e = of(context).entries.at(record);

		REQUIRE(e.linked && !e.blocks);
		e.linked = false;
	}

	static void change(void *context, lk_record *record)
	{
		entry &e = of(context).entries.at(record);

		REQUIRE(e.linked);
		e.start = record->start;
		e.end = record->end;
		e.type = record->type;
	}

	static void blocks(void *context, lk_record *record, bool blocks)
	{
		entry &e = of(context).entries.at(record);

		REQUIRE(e.blocks != blocks);
		e.blocks = blocks;
	}

	static void linked(void *context, lk_record *record)
	{
		REQUIRE(of(context).entries.at(record).blocks);
	}

	static void count_ran_out(void *context, const lk_record *record)
	{
		of(context).ran_out += record->turns;
	}

	/* A process, and its open files: their numbers are the same but for the thousands. */
	static bool same_process(void *context, const lk_record *record, const void *cookie)
	{
		uint64_t asks = *static_cast<const uint64_t *>(cookie);

		return of(context).entries.at(record).identity % 1000 == asks % 1000;
	}

	/* Records that went out lose their identity; the rest is as in the table. */
	void forget(const lk_list &freed)
	{
		for (const lk_record *r = freed.first; r; r = r->next) {
			auto it = entries.find(r);

			REQUIRE(it == entries.end() || !it->second.linked, "freed while linked");
			if (it != entries.end())
				entries.erase(it);
		}
	}

	void compare(const lk_table &table)
	{
		uint64_t linked = 0;

		for (auto &[record, e] : entries)
			linked += e.linked;
		REQUIRE(linked == table.nr_records);
		for (const lk_record *r = lk_first_record(&table); r; r = lk_next_record(r)) {
			if (r->flags & (LK_RESERVATION | LK_PENDING))
				continue;
			entry &e = entries.at(r);

			REQUIRE(e.linked && e.start == r->start && e.end == r->end &&
				e.type == r->type && e.identity == r->holder->owner);
			REQUIRE(e.blocks == !!r->holder->waiters);
		}
	}
};

inline const lk_observer observer = {
	.adopt = mirror::adopt,
	.renew = mirror::renew,
	.link = mirror::link,
	.unlink = mirror::unlink,
	.change = mirror::change,
	.blocks = mirror::blocks,
	.linked = mirror::linked,
	.ran_out = mirror::count_ran_out,
	.same_process = mirror::same_process,
};

} // namespace shell

#endif /* HF_TESTS_RANGE_SHELL_HPP */
