// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two clients, a server that stops and starts, sessions that end, and a reader of /proc,
 * at random beside each other.  What must not happen is looked for by the operations.
 */
#include <linux/prandom.h>
#include <linux/rwsem.h>

#include "../read_all.h"
#include "../seed.h"
#include "../threads.h"
#include "lender.h"

#define CLIENTS 2
#define STEPS 3000
#define OPEN 4

struct guest {
	struct hf_localio_client client;
	struct hf_localio_file *lf[OPEN];
	unsigned int used, by_wire, links;
};

struct fair {
	struct lender *lender;
	struct rw_semaphore wire;	/* written by who stops what is at its other end */
	struct guest guest[CLIENTS];
	struct rnd_state bits[THREADS];
	atomic_t at_work;
	unsigned int stops, ends;
};

static u32 pick(struct fair *fair, unsigned int nr, u32 below)
{
	return prandom_u32_state(&fair->bits[nr]) % below;
}

static void hello(struct fair *fair, unsigned int nr)
{
	struct guest *guest = &fair->guest[nr];

	client_not_too_soon(&guest->client);
	down_read(&fair->wire);
	guest->links += !lender_link(fair->lender, nr, &guest->client);
	up_read(&fair->wire);
}

static void remount(struct guest *guest)
{
	hf_localio_client_fini(&guest->client);
	hf_localio_client_init(&guest->client, "guest");
}

/* Opens, uses, or closes one. */
static void do_file(struct fair *fair, unsigned int nr)
{
	struct guest *guest = &fair->guest[nr];
	struct hf_localio_file **lf = &guest->lf[pick(fair, nr, OPEN)];
	int err;

	if (*lf && !pick(fair, nr, 4)) {
		hf_localio_close(*lf);
		*lf = NULL;
		return;
	}
	err = *lf ? file_use(*lf) : client_open(&guest->client, lf);
	if (err)
		guest->by_wire++;
	else
		guest->used++;
}

static void visit_fair(struct fair *fair, unsigned int nr)
{
	unsigned int step;

	for (step = 0; step < STEPS; step++) {
		u32 what = pick(fair, nr, 40);

		if (what == 0)
			remount(&fair->guest[nr]);
		else if (what < 6)
			hello(fair, nr);
		else
			do_file(fair, nr);
	}
	atomic_dec(&fair->at_work);
}

static bool goes_on(struct fair *fair)
{
	/* It lets others come to something; nothing rests upon how long. */
	schedule_timeout_uninterruptible(1);
	return atomic_read(&fair->at_work);
}

static void stop_and_start(struct fair *fair)
{
	struct lender *lender = fair->lender;

	while (goes_on(fair)) {
		if (pick(fair, 2, 2))
			hf_localio_server_kill(lender->server);
		down_write(&fair->wire);
		hf_localio_server_wait_forever(lender->server);
		WRITE_ONCE(lender->gone, true);
		lender_rests(lender);
		lender_start(lender);
		up_write(&fair->wire);
		fair->stops++;
	}
}

static void end_sessions(struct fair *fair)
{
	while (goes_on(fair)) {
		down_read(&fair->wire);
		hf_localio_session_end(fair->lender->server,
				       &fair->lender->visit[pick(fair, 3, CLIENTS)]);
		up_read(&fair->wire);
		if (fair->ends++ < 20)
			read_all(fair->lender->test, "/proc/fs/holdfast/localio");
	}
}

static void fair_work(struct crew *crew, unsigned int nr)
{
	struct fair *fair = crew->private;

	if (nr < CLIENTS)
		visit_fair(fair, nr);
	else if (nr == CLIENTS)
		stop_and_start(fair);
	else
		end_sessions(fair);
}

static void leave_fair(struct kunit *test, struct guest *guest)
{
	int i;

	kunit_info(test, "%u links, %u used, %u by the wire", guest->links, guest->used,
		   guest->by_wire);
	KUNIT_EXPECT_GT(test, guest->links, 0);
	KUNIT_EXPECT_GT(test, guest->used, 0);
	KUNIT_EXPECT_GT(test, guest->by_wire, 0);
	hf_localio_client_fini(&guest->client);
	for (i = 0; i < OPEN; i++)
		if (guest->lf[i])
			hf_localio_close(guest->lf[i]);
}

static void beside_each_other(struct kunit *test)
{
	struct fair *fair = kunit_kzalloc(test, sizeof(*fair), GFP_KERNEL);
	struct crew crew = { .test = test, .work = fair_work, .private = fair };
	u32 seed = hf_test_seed ?: get_random_u32();
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, fair);
	kunit_info(test, "seed %u", seed);
	fair->lender = lender_make(test);
	init_rwsem(&fair->wire);
	atomic_set(&fair->at_work, CLIENTS);
	for (nr = 0; nr < THREADS; nr++)
		prandom_seed_state(&fair->bits[nr], seed + nr);
	for (nr = 0; nr < CLIENTS; nr++)
		hf_localio_client_init(&fair->guest[nr].client, "guest");
	crew_start(&crew, THREADS);
	crew_wait(&crew, THREADS);
	kunit_info(test, "%u stops, %u ends of sessions", fair->stops, fair->ends);
	KUNIT_EXPECT_GT(test, fair->stops, 0);
	lender_stop(fair->lender);
	for (nr = 0; nr < CLIENTS; nr++)
		leave_fair(test, &fair->guest[nr]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_SLOW(beside_each_other),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_localio_random",
	.test_cases = cases,
};

kunit_test_suite(suite);
