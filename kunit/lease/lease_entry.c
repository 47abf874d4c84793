// SPDX-License-Identifier: GPL-2.0-only
/* Leases and delegations as the VFS's entries, and our record beside each. */
#include "lease.h"

static void granted_and_returned(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long granted = lease_count(leases_granted);
	long returned = lease_count(leases_returned);

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_UNLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_WRLCK));
	lease_expect(file, "0LW");
	KUNIT_EXPECT_TRUE(test, hf_lease_used(&file->li));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	lease_expect(file, "");
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_UNLCK));
	KUNIT_EXPECT_EQ(test, granted + 1, lease_count(leases_granted));
	KUNIT_EXPECT_EQ(test, returned + 1, lease_count(leases_returned));
}

/* The holder's own upgrade and downgrade; still one record. */
static void changed(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long changed = lease_count(leases_changed);

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_WRLCK));
	lease_expect(file, "0LW");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, changed + 2, lease_count(leases_changed));
}

static bool always(const struct file *file, int arg, bool delegation)
{
	return true;
}

/* By the filesystem: what there was stays. */
static void upgrade_refused(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	file->li.refuse = always;
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_WRLCK));
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR");
	file->li.refuse = NULL;
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_WRLCK));
	lease_expect(file, "0LW");
}

/* Whom the VFS does not see has come while it was asked. */
static unsigned int times_asked;

static bool second_time(const struct file *file, int arg, bool delegation)
{
	return ++times_asked == 2;
}

static void refused_once_granted(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long granted = lease_count(leases_granted);
	struct fown_struct *owner;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	/* What F_SETOWN and F_SETSIG said. */
	__f_setown(file->open[0], task_pid(current), PIDTYPE_PID, 1);
	owner = file_f_owner(file->open[0]);
	owner->signum = SIGUSR2;

	times_asked = 0;
	file->li.refuse = second_time;
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 2U, times_asked);
	lease_expect(file, "");
	KUNIT_EXPECT_NULL(test, lease_ops(file));
	KUNIT_EXPECT_EQ(test, granted + 1, lease_count(leases_granted));
	KUNIT_EXPECT_PTR_EQ(test, owner->pid, task_pid(current));
	KUNIT_EXPECT_EQ(test, (int)owner->pid_type, (int)PIDTYPE_PID);
	KUNIT_EXPECT_EQ(test, owner->signum, SIGUSR2);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR");
	file->li.refuse = NULL;
}

/* nfsd's has been in the list, and is taken back. */
static void delegation_refused_once_granted(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	times_asked = 0;
	file->li.refuse = second_time;
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			lease_grant(file, 0, 0, F_RDLCK, FL_DELEG));
	lease_expect(file, "");
	KUNIT_EXPECT_NULL(test, lease_ops(file));
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 0, F_RDLCK, FL_DELEG));
	lease_expect(file, "0DR");
	file->li.refuse = NULL;
}

/* What a change was refused for, it was refused for while nobody saw it. */
static void changed_to_read_refused(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_WRLCK));
	times_asked = 0;
	file->li.refuse = second_time;
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LW");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR");
	file->li.refuse = NULL;
}

/* The breaker of a lease that is refused: on its way while it is asked about. */
static struct {
	bool go, on_his_way;
} opener;

static bool opener_comes(const struct file *file, int arg, bool delegation)
{
	unsigned int spin;

	if (++times_asked != 2)
		return false;
	WRITE_ONCE(opener.go, true);
	/* Unless he is to run here, where a spinlock is held. */
	for (spin = 0; spin < 10000000 && !READ_ONCE(opener.on_his_way); spin++)
		cpu_relax();
	for (spin = 0; spin < 10000; spin++)
		cpu_relax();
	return true;
}

static int opens_meanwhile(struct lease_waiter *waiter)
{
	while (!READ_ONCE(opener.go))
		cond_resched();
	WRITE_ONCE(opener.on_his_way, true);
	return lease_break(waiter->file, O_WRONLY | O_NONBLOCK);
}

static void nobody_meets_refused(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	struct lease_waiter waiter = {
		.file = file,
		.work = opens_meanwhile,
	};

	lease_open(file, 0, O_RDONLY);
	times_asked = 0;
	opener.go = false;
	opener.on_his_way = false;
	file->li.refuse = opener_comes;
	waiter_start(&waiter);
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, waiter_end(&waiter));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&file->breaks));
	lease_expect(file, "");
	file->li.refuse = NULL;
}

/* Nobody but its holder comes and finds that its time is over. */
static void taken_anew(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long granted = lease_count(leases_granted);
	long revoked = lease_count(leases_revoked);

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK,
			lease_break(file, O_WRONLY | O_NONBLOCK));
	lease_expect(file, "0LR!");
	lease_left(file, 0);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "0LR");
	KUNIT_EXPECT_EQ(test, granted + 2, lease_count(leases_granted));
	KUNIT_EXPECT_EQ(test, revoked + 1, lease_count(leases_revoked));
}

/* The VFS's answer stands, and nothing is left of the request. */
static void refused(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	lease_open(file, 1, O_RDONLY);
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_WRLCK));
	KUNIT_EXPECT_EQ(test, -EINVAL, lease_set(file, 0, 77));
	lease_expect(file, "");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 1, F_RDLCK));
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_WRLCK));
	lease_expect(file, "0LR 1LR");
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_UNLCK));
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 1, F_UNLCK));
	lease_open(file, 2, O_RDWR);
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_set(file, 0, F_RDLCK));
	lease_expect(file, "");
}

static void closed(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long returned = lease_count(leases_returned);

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	lease_open(file, 1, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 1, F_RDLCK));
	lease_close(file, 0);
	lease_expect(file, "1LR");
	KUNIT_EXPECT_EQ(test, returned + 1, lease_count(leases_returned));
	lease_close(file, 1);
	KUNIT_EXPECT_FALSE(test, hf_lease_used(&file->li));
	KUNIT_EXPECT_NULL(test, lease_ops(file));
}

static void user_operations_wrapped(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	const struct lease_manager_operations *ops;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_RDLCK));
	ops = lease_ops(file);
	KUNIT_EXPECT_PTR_NE(test, ops, &fake_user_ops);
	/* A second time it is the same entry. */
	KUNIT_EXPECT_EQ(test, 0, lease_set(file, 0, F_WRLCK));
	KUNIT_EXPECT_PTR_EQ(test, ops, lease_ops(file));
	/* The break gets through to the wrapped ones. */
	KUNIT_EXPECT_EQ(test, -EWOULDBLOCK,
			lease_break(file, O_WRONLY | O_NONBLOCK));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&file->breaks));
}

/* nfsd knows its own by their address. */
static void server_operations_stay(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;
	long granted = lease_count(delegations_granted);

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 0, F_WRLCK, FL_LEASE));
	KUNIT_EXPECT_PTR_EQ(test, lease_ops(file), &fake_server_ops);
	lease_expect(file, "0LW");
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 0));

	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 0, F_RDLCK, FL_DELEG));
	KUNIT_EXPECT_PTR_EQ(test, lease_ops(file), &fake_server_ops);
	lease_expect(file, "0DR");
	KUNIT_EXPECT_EQ(test, granted + 1, lease_count(delegations_granted));
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 0));
	lease_expect(file, "");
}

/* Of a layout of nfsd's pNFS server nothing is recorded. */
static void server_layouts_pass(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 0, F_RDLCK, FL_LAYOUT));
	KUNIT_EXPECT_PTR_EQ(test, lease_ops(file), &fake_server_ops);
	lease_expect(file, "");
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 0));
}

/* Two of one file are told apart by their owners. */
static void two_owners(struct kunit *test)
{
	struct hf_test_lease *file = test->priv;

	lease_open(file, 0, O_RDONLY);
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 0, F_RDLCK, FL_DELEG));
	KUNIT_EXPECT_EQ(test, 0, lease_grant(file, 0, 1, F_RDLCK, FL_DELEG));
	lease_expect(file, "0DR 0DR");
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 1));
	KUNIT_EXPECT_EQ(test, -EAGAIN, lease_return(file, 0, 1));
	lease_expect(file, "0DR");
	KUNIT_EXPECT_EQ(test, 0, lease_return(file, 0, 0));
	lease_expect(file, "");
}

static struct kunit_case cases[] = {
	/* Before fcntl's are known: nfsd's are not to be taken for them. */
	KUNIT_CASE(server_operations_stay),
	KUNIT_CASE(granted_and_returned),
	KUNIT_CASE(changed),
	KUNIT_CASE(upgrade_refused),
	KUNIT_CASE(refused_once_granted),
	KUNIT_CASE(delegation_refused_once_granted),
	KUNIT_CASE(changed_to_read_refused),
	KUNIT_CASE(nobody_meets_refused),
	KUNIT_CASE(taken_anew),
	KUNIT_CASE(refused),
	KUNIT_CASE(closed),
	KUNIT_CASE(user_operations_wrapped),
	KUNIT_CASE(server_layouts_pass),
	KUNIT_CASE(two_owners),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_lease_entry",
	.init = lease_init,
	.exit = lease_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);
