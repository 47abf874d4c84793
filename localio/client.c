// SPDX-License-Identifier: GPL-2.0-only
/* The client's side of a handshake. */
#include <linux/ktime.h>

#include "localio.h"
#include "stats.h"
#include "trace.h"

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get());
}

void hf_localio_client_init(struct hf_localio_client *client, const char *name)
{
	*client = (struct hf_localio_client) { .name = name };
}
EXPORT_SYMBOL_GPL(hf_localio_client_init);

/* Without the lock, and so no more than likely. */
static bool may_begin(const struct hf_localio_client *client, u64 now)
{
	return READ_ONCE(client->core.state) == LO_IDLE && now >= READ_ONCE(client->core.due);
}

bool hf_localio_client_begin(struct hf_localio_client *client, u8 *id)
{
	struct lo_secret secret;
	enum lo_begun said;
	u64 now = now_ms();

	if (!may_begin(client, now))
		return false;
	do {
		secret = hf_localio_secret_draw();
		spin_lock(&hf_localio_lock);
		said = lo_client_begin(&hf_localio_registry, &client->core, &secret, now,
				       HF_LOCALIO_AGAIN);
		spin_unlock(&hf_localio_lock);
	} while (said == LO_ID_IN_USE);
	WARN_ONCE(said == LO_BEGUN_INVALID, "holdfast_localio: a client begins after its end\n");
	if (said != LO_SAY)
		return false;
	hf_localio_secret_write(id, &secret);
	hf_localio_count_event(asked);
	return true;
}
EXPORT_SYMBOL_GPL(hf_localio_client_begin);

static enum lo_ended end_locked(struct hf_localio_client *client, const struct lo_secret *answer)
{
	enum lo_ended said;
	struct lo_link *kill;

	lockdep_assert_held(&hf_localio_lock);
	said = lo_client_end(&client->core, answer, &kill);
	if (said == LO_USABLE)
		rcu_assign_pointer(client->link, hf_localio_link_of(client->core.link));
	if (kill)
		hf_localio_link_kill_locked(kill, &client->core, HF_LOCALIO_END_ANSWER);
	return said;
}

int hf_localio_client_end(struct hf_localio_client *client, const u8 *answer)
{
	struct lo_secret came = {};
	enum lo_ended said;

	if (answer)
		came = hf_localio_secret_read(answer);
	spin_lock(&hf_localio_lock);
	said = end_locked(client, answer ? &came : NULL);
	spin_unlock(&hf_localio_lock);
	trace_hf_localio_answered(client->name, said);
	switch (said) {
	case LO_USABLE:
		hf_localio_count_event(linked);
		return 0;
	case LO_NO_LINK:
		return -ENOENT;
	case LO_WRONG_ANSWER:
		if (answer)
			hf_localio_count_event(wrong_answers);
		return -EPERM;
	case LO_ENDED_INVALID:
		break;
	}
	WARN_ONCE(1, "holdfast_localio: a handshake ends that has not begun\n");
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(hf_localio_client_end);

void hf_localio_client_fini(struct hf_localio_client *client)
{
	struct lo_link *kill;

	spin_lock(&hf_localio_lock);
	kill = lo_client_finish(&client->core);
	if (kill)
		hf_localio_link_kill_locked(kill, &client->core, HF_LOCALIO_END_CLIENT);
	spin_unlock(&hf_localio_lock);
}
EXPORT_SYMBOL_GPL(hf_localio_client_fini);

void hf_localio_fall_back(const struct hf_localio_client *client, const char *why)
{
	hf_localio_count_event(fall_backs);
	trace_hf_localio_fall_back(client->name, why);
}
EXPORT_SYMBOL_GPL(hf_localio_fall_back);
