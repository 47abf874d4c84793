// SPDX-License-Identifier: GPL-2.0-only
/* The server: what it is asked for, and how the test answers it. */
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include "fake.h"

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

/* ---------------------------------------------------------------------- answers */

/* Whether it is for the caller to answer. */
static bool claim(struct call *call)
{
	struct fake *fake = call->fake;
	bool mine;

	spin_lock(&fake->lock);
	mine = !call->answered;
	call->answered = true;
	if (mine) {
		call->answered_at = now_ms();
		fake->in_flight--;
		fake->writes_in_flight -= call->kind == RL_WRITEPAGES ||
					  call->kind == RL_DIRECT_WRITE;
	}
	spin_unlock(&fake->lock);
	return mine;
}

/* What is behind the bytes of an answer nobody may believe. */
static void spoil(struct call *call)
{
	struct iov_iter iter = call->sub->iter;
	u8 bad[64];
	size_t got;

	memset(bad, 0xee, sizeof(bad));
	do
		got = copy_to_iter(bad, sizeof(bad), &iter);
	while (got);
}

static void move(struct call *call, u32 bytes)
{
	struct fake *fake = call->fake;
	struct iov_iter iter = call->sub->iter;
	loff_t room = max_t(loff_t, FAKE_STORE - call->pos, 0);

	bytes = min3(bytes, call->len, (u32)min_t(loff_t, room, U32_MAX));
	if (iov_iter_rw(&iter) == ITER_DEST) {
		spoil(call);
		WARN_ON_ONCE(copy_to_iter(fake->store + call->pos, bytes, &iter) != bytes);
		return;
	}
	if (bytes && copy_from_iter(fake->store + call->pos, bytes, &iter) == bytes)
		fake->size = max(fake->size, call->pos + bytes);
}

static void finish(struct call *call)
{
	unsigned int nofs = memalloc_nofs_save();

	hf_netfs_sub_done(call->sub, call->bytes, call->error, call->flags);
	memalloc_nofs_restore(nofs);
	WRITE_ONCE(call->finished, true);
	wake_up(&call->fake->wait);
}

void fake_answer(struct call *call, u32 bytes, int error, unsigned int flags)
{
	if (!claim(call))
		return;
	move(call, bytes);
	call->bytes = bytes;
	call->error = error;
	call->flags = flags;
	finish(call);
}

void fake_serve(struct call *call)
{
	struct fake *fake = call->fake;
	loff_t there = max_t(loff_t, fake->size - call->pos, 0);
	u32 bytes = min(call->len, fake->most);
	unsigned int flags = 0;

	if (call->kind == RL_READ || call->kind == RL_DIRECT_READ) {
		if (bytes >= there)
			flags = HF_NETFS_EOF;
		bytes = min_t(loff_t, bytes, there);
	}
	fake_answer(call, bytes, 0, flags);
}

void fake_serve_all(struct fake *fake)
{
	unsigned int i;

	for (i = 0; i < READ_ONCE(fake->calls); i++)
		fake_serve(&fake->call[i]);
}

static void answer_in_worker(struct work_struct *work)
{
	finish(container_of(work, struct call, work));
}

void fake_answer_by_worker(struct call *call, u32 bytes)
{
	if (!claim(call))
		return;
	move(call, bytes);
	call->bytes = bytes;
	queue_work(system_unbound_wq, &call->work);
}

static void answer_in_irq(struct irq_work *irq)
{
	struct call *call = container_of(irq, struct call, irq);

	call->in_hardirq = in_hardirq();
	hf_netfs_sub_done_atomic(call->sub, call->bytes, call->error, call->flags);
}

void fake_answer_by_irq(struct call *call, u32 bytes)
{
	if (!claim(call))
		return;
	move(call, bytes);
	call->bytes = bytes;
	irq_work_queue(&call->irq);
	irq_work_sync(&call->irq);
}

/* -------------------------------------------------------------------- operations */

static int begin(struct hf_netfs_req *req, struct file *file)
{
	struct fake *fake = req->ni->vfs.i_sb->s_fs_info;

	if (fake->begin_error)
		return fake->begin_error;
	req->priv = fake;
	spin_lock(&fake->lock);
	fake->begun++;
	spin_unlock(&fake->lock);
	return 0;
}

static void end(struct hf_netfs_req *req)
{
	struct fake *fake = req->priv;

	spin_lock(&fake->lock);
	fake->ended++;
	wake_up(&fake->wait);
	spin_unlock(&fake->lock);
}

static void fill_call(struct call *call, struct fake *fake, struct hf_netfs_sub *sub)
{
	call->fake = fake;
	call->sub = sub;
	call->kind = sub->req->kind;
	call->pos = hf_netfs_sub_pos(sub);
	call->len = iov_iter_count(&sub->iter);
	call->may_discard = sub->req->may_discard;
	call->issued_at = now_ms();
	INIT_WORK(&call->work, answer_in_worker);
	init_irq_work(&call->irq, answer_in_irq);
}

static struct call *new_call(struct fake *fake, struct hf_netfs_sub *sub, int *error)
{
	struct call *call = NULL;

	spin_lock(&fake->lock);
	if (fake->calls < FAKE_CALLS) {
		call = &fake->call[fake->calls];
		fill_call(call, fake, sub);
		*error = fake->dead ? -EIO : fake->issue_error;
		call->answered = *error;
		call->automatic = fake->automatic;
		fake->in_flight += !*error;
		fake->most_in_flight = max(fake->most_in_flight, fake->in_flight);
		fake->writes_in_flight += !*error && iov_iter_rw(&sub->iter) == ITER_SOURCE;
		fake->calls++;
	}
	fake->full |= !call;
	spin_unlock(&fake->lock);
	return call;
}

static void wait_at_gate(struct fake *fake)
{
	spin_lock(&fake->lock);
	fake->at_gate++;
	spin_unlock(&fake->lock);
	wake_up(&fake->wait);
	wait_event(fake->wait, !READ_ONCE(fake->gate));
}

static void serve_and_go_on(struct call *call)
{
	struct fake *fake = call->fake;
	void (*then)(struct fake *fake) = fake->then;

	fake->then = NULL;
	fake_serve(call);
	if (then)
		then(fake);
}

static int issue(struct hf_netfs_sub *sub)
{
	struct fake *fake = sub->req->priv;
	bool late = fake->late_issue;
	struct call *call;
	int error = -EIO;

	if (READ_ONCE(fake->gate))
		wait_at_gate(fake);
	call = new_call(fake, sub, &error);
	wake_up(&fake->wait);
	if (!call || error)
		return error;
	/* From here on @sub may be gone. */
	if (call->automatic)
		serve_and_go_on(call);
	else if (late)
		wait_event(fake->wait, READ_ONCE(call->finished));
	return 0;
}

static void cancel(struct hf_netfs_sub *sub)
{
	struct fake *fake = sub->req->priv;
	unsigned int i;

	spin_lock(&fake->lock);
	for (i = 0; i < fake->calls; i++)
		if (fake->call[i].sub == sub && !fake->call[i].answered)
			fake->call[i].cancelled = true;
	spin_unlock(&fake->lock);
	wake_up(&fake->wait);
}

static int revalidate(struct inode *inode, struct file *file)
{
	struct fake *fake = inode->i_sb->s_fs_info;
	struct rl_sample sample = hf_netfs_sample(inode);

	fake->revalidated++;
	if (fake->fresh)
		hf_netfs_attributes(inode, sample, fake->size);
	return 0;
}

static int resize(struct inode *inode, loff_t size, void *data)
{
	struct fake *fake = inode->i_sb->s_fs_info;

	fake->resizes++;
	fake->resizes_early += READ_ONCE(fake->writes_in_flight) ||
			       hf_netfs_inode(inode)->sizes.writes;
	if (fake->dead || fake->resize_error)
		return fake->resize_error ?: -EIO;
	if (size < fake->size)
		memset(fake->store + size, 0, fake->size - size);
	fake->size = size;
	return 0;
}

static bool transient(int error)
{
	return error == -EBUSY;
}

static void abort_mount(struct super_block *sb)
{
	struct fake *fake = sb->s_fs_info;
	unsigned int i, calls;

	if (fake->deaf)
		return;
	spin_lock(&fake->lock);
	fake->dead = true;
	calls = fake->calls;
	spin_unlock(&fake->lock);
	for (i = 0; i < calls; i++)
		fake_answer(&fake->call[i], 0, -EIO, 0);
}

const struct hf_netfs_ops fake_ops = {
	.begin = begin,
	.issue = issue,
	.cancel = cancel,
	.end = end,
	.revalidate = revalidate,
	.resize = resize,
	.transient = transient,
	.abort = abort_mount,
};

/* --------------------------------------------------------------- what a test sees */

struct call *fake_next(struct fake *fake)
{
	unsigned int nr = fake->seen;

	wait_event_timeout(fake->wait, READ_ONCE(fake->calls) > nr, FAKE_PATIENCE);
	KUNIT_ASSERT_GT_MSG(fake->test, fake->calls, nr, "nothing is asked for");
	fake->seen++;
	return &fake->call[nr];
}

struct call *fake_next_is(struct fake *fake, enum rl_kind kind, loff_t pos, u32 len)
{
	struct call *call = fake_next(fake);

	KUNIT_EXPECT_EQ(fake->test, call->kind, kind);
	KUNIT_EXPECT_EQ(fake->test, call->pos, pos);
	KUNIT_EXPECT_EQ(fake->test, call->len, len);
	return call;
}

void fake_wait_cancelled(struct call *call)
{
	wait_event_timeout(call->fake->wait, READ_ONCE(call->cancelled), FAKE_PATIENCE);
	KUNIT_EXPECT_TRUE(call->fake->test, call->cancelled);
}

/* What ->begin() has refused is a request all the same, and is not counted by the fake. */
void fake_wait_ended(struct fake *fake)
{
	atomic_t *count = &fake_inode(fake)->io_count;

	wait_var_event_timeout(count, !atomic_read(count), FAKE_PATIENCE);
	KUNIT_EXPECT_EQ(fake->test, atomic_read(count), 0);
	KUNIT_EXPECT_EQ(fake->test, fake->ended, fake->begun);
}

void fake_paint(struct fake *fake, loff_t pos, size_t len, enum colour colour)
{
	size_t i;

	for (i = 0; i < len; i++)
		fake->store[pos + i] = byte_of(colour, pos + i);
	fake->size = max_t(loff_t, fake->size, pos + len);
}

void fake_expect_quiet(struct fake *fake)
{
	KUNIT_EXPECT_EQ(fake->test, fake->calls, fake->seen);
	KUNIT_EXPECT_EQ(fake->test, fake->in_flight, 0);
}

void fake_expect_store(struct fake *fake, loff_t pos, size_t len, enum colour colour)
{
	KUNIT_EXPECT_TRUE_MSG(fake->test, all_bytes(fake->store + pos, pos, len, colour),
			      "the server has other bytes in %lld+%zu", pos, len);
}
