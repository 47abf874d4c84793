/* SPDX-License-Identifier: GPL-2.0-only */
/* What a mount is asked for, see options.c. */
#ifndef HF9C_OPTIONS_H
#define HF9C_OPTIONS_H

#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/uidgid.h>

struct file;
struct hf9c_super;
struct seq_file;

enum hf9c_trans { HF9C_TCP, HF9C_UNIX, HF9C_VSOCK, HF9C_FD };

/**
 * enum hf9c_cache - what is kept of files
 * @HF9C_STRICT: what others have written before an open is seen by it
 * @HF9C_LOOSE: nobody else writes: what is known is asked for once
 * @HF9C_NONE: no data, but for what is mapped
 */
enum hf9c_cache { HF9C_STRICT, HF9C_LOOSE, HF9C_NONE };

/**
 * enum hf9c_access - who may use the mount
 * @HF9C_USER: each user, who is attached as himself
 * @HF9C_CLIENT: likewise, and POSIX ACLs are judged here, too
 * @HF9C_ONE: one, nobody else
 */
enum hf9c_access { HF9C_USER, HF9C_CLIENT, HF9C_ONE };

enum hf9c_version { HF9C_ANY_VERSION, HF9C_DOTL, HF9C_HF1 };

/**
 * struct hf9c_options - of a mount
 * @given: bits of those that were named
 * @aname: the export, or NULL for ""
 * @uname: what the server is told of the user besides his number, or NULL
 * @trans: how to get there
 * @port: of HF9C_TCP and HF9C_VSOCK
 * @msize: the largest message, as it is asked for
 * @cache: what is kept
 * @ac: seconds that attributes and names are believed
 * @access: who may
 * @uid: of HF9C_ONE
 * @version: that must be agreed on
 * @soft: give up after @timeo seconds
 * @timeo: likewise
 * @localio: past the network, if the server is in this kernel
 * @fsc: the directory that a cache on disk is in, or NULL
 * @fscsize: of that: bytes that it may have, or 0
 * @fscfiles: likewise: files
 * @rfile: of HF9C_FD: the socket to read from
 * @wfile: the one to write to
 */
struct hf9c_options {
	unsigned long given;
	char *aname;
	char *uname;
	enum hf9c_trans trans;
	u32 port;
	u32 msize;
	enum hf9c_cache cache;
	u32 ac;
	enum hf9c_access access;
	kuid_t uid;
	enum hf9c_version version;
	bool soft;
	u32 timeo;
	bool localio;
	char *fsc;
	u64 fscsize;
	u32 fscfiles;
	struct file *rfile;
	struct file *wfile;
};

/* Bits of hf9c_options.given. */
enum {
	OPT_ACCESS, OPT_AC, OPT_ANAME, OPT_CACHE, OPT_FD, OPT_FSC, OPT_FSCFILES, OPT_FSCSIZE,
	OPT_HARD, OPT_LOCALIO, OPT_MSIZE, OPT_PORT, OPT_RFDNO, OPT_SOFT, OPT_TIMEO, OPT_TRANS, OPT_UNAME, OPT_VERSION, OPT_WFDNO,
};

static inline bool hf9c_given(const struct hf9c_options *opts, int opt)
{
	return opts->given & BIT(opt);
}

/* By enum hf9c_trans and enum hf9c_cache. */
extern const struct constant_table hf9c_trans_names[];
extern const struct constant_table hf9c_cache_names[];

extern const struct fs_parameter_spec hf9c_parameters[];

struct hf9c_options *hf9c_options_new(void);
void hf9c_options_free(struct hf9c_options *opts);
int hf9c_options_parse(struct fs_context *fc, struct fs_parameter *param);
int hf9c_options_check(struct fs_context *fc);
int hf9c_options_change(struct fs_context *fc, struct hf9c_super *hs);
void hf9c_options_show(struct seq_file *m, const struct hf9c_super *hs);

#endif /* HF9C_OPTIONS_H */
