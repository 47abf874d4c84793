// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the rows do not say: what a look at the VFS's entries tells of leases,
 * that a batch is of one call, and that ls_validate() sees.
 */
#include <gtest/gtest.h>

#include <vector>

#include "lease_core.h"

namespace {

struct Lease : testing::Test {
	ls_table table = {};
	ls_batch batch = {};
	ls_grant lease = {}, layout = {}, second = {};
	ls_pin pin = {};
	ls_change change = {};

	Lease()
	{
		lease.kind = LS_LEASE;
		lease.holder = 1;
		lease.owner = 10;
	}

	/* The event of the only grant in the batch, or -1. */
	int told()
	{
		int event = batch.first && batch.first == batch.last ? batch.first->event : -1;

		EXPECT_EQ(ls_validate(&table), nullptr);
		batch = {};
		return event;
	}

	int granted(ls_type type)
	{
		ls_lease_granted(&table, &lease, type, &batch);
		return told();
	}

	int seen(ls_type type, ls_state state, uint64_t deadline = LS_NEVER)
	{
		ls_lease_seen(&table, &lease, type, state, deadline, &batch);
		return told();
	}

	void hold(ls_grant &spare, uint64_t holder)
	{
		ls_wish wish = { holder, 0, 9, 0, LS_WRITE, {} };

		ASSERT_EQ(ls_layout_set(&table, &wish, &spare, &batch), LS_OK);
	}

	/* A change through no descriptor, of all that is held. */
	void wait_for_all()
	{
		change.end = LS_END;
		ASSERT_EQ(ls_change_begin(&table, &change), LS_WAIT);
		ASSERT_EQ(ls_change_break(&table, &change, 0, 100, &batch), LS_WAIT);
	}
};

} // namespace

TEST_F(Lease, BrokenAndReturned)
{
	EXPECT_EQ(granted(LS_WRITE), LS_GRANTED);
	EXPECT_EQ(seen(LS_WRITE, LS_HELD), -1);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING, 500), LS_BREAK);
	EXPECT_EQ(lease.deadline, 500u);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING, 500), -1);
	ls_lease_returned(&table, &lease, &batch);
	EXPECT_EQ(batch.first, &lease);
	EXPECT_EQ(told(), LS_RETURNED);
	EXPECT_TRUE(ls_idle(&table));
	EXPECT_EQ(lease.state, LS_IDLE);
}

TEST_F(Lease, DowngradedForAReader)
{
	EXPECT_EQ(granted(LS_WRITE), LS_GRANTED);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING_TO_READ, 500), LS_BREAK_TO_READ);
	EXPECT_EQ(granted(LS_READ), LS_DOWNGRADED);
	EXPECT_EQ(lease.deadline, LS_NEVER);
	EXPECT_EQ(seen(LS_READ, LS_HELD), -1);
}

/* The VFS does that to a lease whose holder did not answer the reader. */
TEST_F(Lease, DowngradedByTime)
{
	EXPECT_EQ(granted(LS_WRITE), LS_GRANTED);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING_TO_READ, 500), LS_BREAK_TO_READ);
	EXPECT_EQ(seen(LS_READ, LS_HELD), LS_DOWNGRADED);
	EXPECT_EQ(seen(LS_READ, LS_BREAKING, 700), LS_BREAK);
}

TEST_F(Lease, AReadersBreakBecomesAWriters)
{
	EXPECT_EQ(granted(LS_WRITE), LS_GRANTED);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING_TO_READ, 500), LS_BREAK_TO_READ);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING, 600), LS_BREAK);
	/* The holder makes it a read lease: the writer still waits. */
	EXPECT_EQ(granted(LS_READ), LS_CHANGED);
	EXPECT_EQ(lease.state, LS_BREAKING);
	EXPECT_EQ(lease.deadline, 600u);
}

TEST_F(Lease, RunsOutOnce)
{
	EXPECT_EQ(granted(LS_WRITE), LS_GRANTED);
	EXPECT_EQ(seen(LS_WRITE, LS_BREAKING, 500), LS_BREAK);
	ls_lease_missing(&table, &lease, &batch);
	EXPECT_EQ(told(), LS_RAN_OUT);
	EXPECT_EQ(lease.state, LS_REVOKED);
	ls_lease_missing(&table, &lease, &batch);
	EXPECT_EQ(told(), -1);
	EXPECT_EQ(table.leases, &lease) << "until it is closed";
	EXPECT_EQ(granted(LS_READ), LS_GRANTED);
	EXPECT_EQ(lease.state, LS_HELD);
}

TEST_F(Lease, ABatchIsOfOneCall)
{
	hold(layout, 1);
	hold(second, 2);
	wait_for_all();
	EXPECT_EQ(batch.first->told_next, batch.last) << "both are broken";
	EXPECT_EQ(ls_layout_return(&table, 2, &batch), &second);
	EXPECT_EQ(batch.first, &second);
	EXPECT_EQ(told(), LS_RETURNED);
	ls_change_break(&table, &change, 0, 100, &batch);
	EXPECT_EQ(batch.first, nullptr) << "nothing has happened";
}

/* As a descriptor costs nobody much: what each costs does not grow with them. */
TEST_F(Lease, AMillionRunOutAtOnce)
{
	std::vector<ls_grant> many(1000000);

	for (ls_grant &one : many) {
		one.holder = one.owner = reinterpret_cast<uintptr_t>(&one);
		ls_lease_granted(&table, &one, LS_READ, &batch);
	}
	for (ls_grant &one : many)
		ls_lease_missing(&table, &one, &batch);
	EXPECT_EQ(batch.first, &many.back());
	for (ls_grant &one : many)
		ls_lease_returned(&table, &one, &batch);
	EXPECT_TRUE(ls_idle(&table));
}

/* One that nobody looked at in time is revoked by whatever looks next. */
TEST_F(Lease, TheLastLookIsLate)
{
	ls_wish wish = { 1, 0, 0, 100, LS_READ, {} };

	hold(layout, 1);
	wait_for_all();
	EXPECT_EQ(ls_pin_add(&table, &wish, &pin, &batch), LS_AGAIN);
	EXPECT_EQ(told(), LS_RAN_OUT);
	EXPECT_EQ(ls_change_break(&table, &change, 100, 100, &batch), LS_OK);
	EXPECT_EQ(change.deadline, LS_NEVER);
	EXPECT_EQ(ls_layout_return(&table, 1, &batch), &layout) << "to be shown until then";
}

TEST_F(Lease, ValidateSees)
{
	hold(layout, 1);
	hold(second, 2);
	ls_wish wish = { 1, 0, 0, 0, LS_READ, {} };

	pin.id = 1;
	ASSERT_EQ(ls_pin_add(&table, &wish, &pin, &batch), LS_OK);
	change.start = change.end = 50;
	ASSERT_EQ(ls_change_begin(&table, &change), LS_OK);
	ASSERT_EQ(granted(LS_READ), LS_GRANTED);
	ASSERT_EQ(ls_validate(&table), nullptr);
	auto sees = [&](auto &where, auto wrong) {
		auto right = where;

		where = wrong;
		EXPECT_NE(ls_validate(&table), nullptr);
		where = right;
		ASSERT_EQ(ls_validate(&table), nullptr);
	};

	sees(layout.holder, 2);
	sees(layout.holder, 0);
	sees(layout.start, 10);
	sees(layout.type, LS_NONE);
	sees(layout.state, LS_IDLE);
	sees(layout.state, LS_BREAKING_TO_READ);
	sees(layout.deadline, 5);
	sees(layout.kind, LS_LEASE);
	sees(layout.at, &table.layouts);
	sees(lease.kind, LS_LAYOUT);
	sees(lease.end, 9);
	sees(pin.in_table, 0);
	sees(pin.end, 60);
	sees(pin.start, -1);
	sees(change.end, 49);
}
