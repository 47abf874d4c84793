// SPDX-License-Identifier: GPL-2.0-only
#include "limit.h"

static struct hf_test_file *limited;
static unsigned int user, client, per_file, per_owner;

static bool account(struct hf_account_key *key, const struct file_lock *fl)
{
	const struct fake_owner *owner = fl->c.flc_owner;

	if (fl->c.flc_flags & FL_FLOCK)
		owner = limited->owner;
	if (!fl->fl_lmops) {
		key->kind = HF_ACCOUNT_USER;
		key->id = 1000 + (owner - limited->owner);
		return true;
	}
	key->kind = HF_ACCOUNT_CLIENT;
	ipv6_addr_set_v4mapped(htonl(0x0a000000 + (owner - limited->owner)),
			       &key->address);
	return true;
}

static void set_limits(unsigned int a, unsigned int b, unsigned int c,
		       unsigned int d)
{
	WRITE_ONCE(hf_max_user_records, a);
	WRITE_ONCE(hf_max_client_records, b);
	WRITE_ONCE(hf_max_file_records, c);
	WRITE_ONCE(hf_max_owner_records, d);
}

int limit_init(struct kunit *test)
{
	int ret = file_init(test);

	if (ret)
		return ret;
	limited = test->priv;
	user = hf_max_user_records;
	client = hf_max_client_records;
	per_file = hf_max_file_records;
	per_owner = hf_max_owner_records;
	hf_account_for_test = account;
	return 0;
}

void limit_exit(struct kunit *test)
{
	file_exit(test);
	hf_account_for_test = NULL;
	set_limits(user, client, per_file, per_owner);
}

int take(struct hf_test_file *file, unsigned int owner, unsigned int count,
	 loff_t from)
{
	int ret = 0;

	for (; count && !ret; count--, from += 2)
		ret = file_set(file, owner, F_WRLCK, from, from);
	return ret;
}

unsigned long charged_records(void)
{
	unsigned long count;
	long records;

	hf_accounts_sum(&count, &records);
	return records;
}

unsigned long accounts(void)
{
	unsigned long count;
	long records;

	hf_accounts_sum(&count, &records);
	return count;
}
