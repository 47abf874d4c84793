// SPDX-License-Identifier: GPL-2.0-only
/* A mount's options later: what a remount may change, what /proc/mounts shows. */
#include <linux/seq_file.h>

#include "client.h"

static bool same_string(const char *a, const char *b)
{
	return !strcmp(a ?: "", b ?: "");
}

static const char *version_name(const struct hf9c_super *hs)
{
	return hf9c_dialect(hs) == NP_HF1 ? "9p2000.L.hf1" : "9p2000.L";
}

/* What was agreed on may be given, too: it is what /proc/mounts shows. */
static const char *changed(const struct hf9c_options *to, const struct hf9c_super *hs)
{
	const struct hf9c_options *is = hs->opts;
	enum hf9c_version agreed = hf9c_dialect(hs) == NP_HF1 ? HF9C_HF1 : HF9C_DOTL;

	if (hf9c_given(to, OPT_ACCESS) &&
	    (to->access != is->access || !uid_eq(to->uid, is->uid)))
		return "access";
	if (hf9c_given(to, OPT_ANAME) && !same_string(to->aname, is->aname))
		return "aname";
	if (hf9c_given(to, OPT_CACHE) && to->cache != is->cache)
		return "cache";
	if (hf9c_given(to, OPT_FD) || hf9c_given(to, OPT_RFDNO) || hf9c_given(to, OPT_WFDNO))
		return "fd";
	if (hf9c_given(to, OPT_FSC) && !same_string(to->fsc, is->fsc))
		return "fsc";
	if (hf9c_given(to, OPT_FSCFILES) && to->fscfiles != is->fscfiles)
		return "fscfiles";
	if (hf9c_given(to, OPT_FSCSIZE) && to->fscsize != is->fscsize)
		return "fscsize";
	if (hf9c_given(to, OPT_LOCALIO) && to->localio != is->localio)
		return "localio";
	if (hf9c_given(to, OPT_MSIZE) && to->msize != is->msize && to->msize != hf9c_msize(hs))
		return "msize";
	if (hf9c_given(to, OPT_PORT) && to->port != is->port)
		return "port";
	if ((hf9c_given(to, OPT_HARD) || hf9c_given(to, OPT_SOFT)) && to->soft != is->soft)
		return to->soft ? "soft" : "hard";
	if (hf9c_given(to, OPT_TIMEO) && to->timeo != is->timeo)
		return "timeo";
	if (hf9c_given(to, OPT_TRANS) && to->trans != is->trans)
		return "trans";
	if (hf9c_given(to, OPT_UNAME) && !same_string(to->uname, is->uname))
		return "uname";
	if (hf9c_given(to, OPT_VERSION) && to->version != is->version && to->version != agreed)
		return "version";
	return NULL;
}

/**
 * hf9c_options_change - ->reconfigure
 * @fc: the context, with what is given
 * @hs: the mount
 *
 * Only ac= can be changed.
 *
 * Return: 0; -EINVAL, and the log says which one cannot.
 */
int hf9c_options_change(struct fs_context *fc, struct hf9c_super *hs)
{
	const struct hf9c_options *opts = fc->fs_private;
	const char *name = changed(opts, hs);

	if (name)
		return invalfc(fc, "%s cannot be changed by a remount", name);
	if (hf9c_given(opts, OPT_AC))
		WRITE_ONCE(hs->ac, opts->ac * HZ);
	return 0;
}

static void show_access(struct seq_file *m, const struct hf9c_options *opts)
{
	if (opts->access == HF9C_ONE)
		seq_printf(m, ",access=%u", from_kuid_munged(&init_user_ns, opts->uid));
	else
		seq_printf(m, ",access=%s",
			   opts->access == HF9C_USER ? "user" : "client");
}

/* Of one that is in use. */
static void show_fsc(struct seq_file *m, const struct hf9c_super *hs)
{
	const struct hf9c_options *opts = hs->opts;

	if (!hs->netfs.cache)
		return;
	seq_show_option(m, "fsc", opts->fsc);
	if (opts->fscsize)
		seq_printf(m, ",fscsize=%llu", opts->fscsize);
	if (opts->fscfiles)
		seq_printf(m, ",fscfiles=%u", opts->fscfiles);
}

/**
 * hf9c_options_show - ->show_options
 * @m: /proc/mounts
 * @hs: the mount
 */
void hf9c_options_show(struct seq_file *m, const struct hf9c_super *hs)
{
	const struct hf9c_options *opts = hs->opts;

	seq_printf(m, ",trans=%s", hf9c_trans_names[opts->trans].name);
	if (opts->trans == HF9C_TCP || opts->trans == HF9C_VSOCK)
		seq_printf(m, ",port=%u", opts->port);
	if (opts->aname)
		seq_show_option(m, "aname", opts->aname);
	if (opts->uname)
		seq_show_option(m, "uname", opts->uname);
	seq_printf(m, ",version=%s,msize=%u,cache=%s,ac=%lu", version_name(hs),
		   hf9c_msize(hs), hf9c_cache_names[opts->cache].name, READ_ONCE(hs->ac) / HZ);
	show_access(m, opts);
	if (opts->soft)
		seq_printf(m, ",soft,timeo=%u", opts->timeo);
	else
		seq_puts(m, ",hard");
	seq_printf(m, ",localio=%s", opts->localio ? "on" : "off");
	show_fsc(m, hs);
}
