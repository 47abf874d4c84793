// SPDX-License-Identifier: GPL-2.0-only
/* Where clients and servers find each other, and the numbers by which they do. */
#include <linux/random.h>
#include <linux/string.h>

#include "localio.h"

DEFINE_SPINLOCK(hf_localio_lock);
struct lo_registry hf_localio_registry;
LIST_HEAD(hf_localio_servers);
LIST_HEAD(hf_localio_links);

/* Zero is none. */
struct lo_secret hf_localio_secret_draw(void)
{
	struct lo_secret secret;

	do
		get_random_bytes(&secret, sizeof(secret));
	while (!(secret.word[0] | secret.word[1]));
	return secret;
}

struct lo_secret hf_localio_secret_read(const u8 *bytes)
{
	struct lo_secret secret;

	static_assert(sizeof(secret) == HF_LOCALIO_SECRET);
	memcpy(&secret, bytes, sizeof(secret));
	return secret;
}

void hf_localio_secret_write(u8 *bytes, const struct lo_secret *secret)
{
	memcpy(bytes, secret, sizeof(*secret));
}
