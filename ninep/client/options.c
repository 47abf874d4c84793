// SPDX-License-Identifier: GPL-2.0-only
/*
 * mount -t holdfast9p [-o OPTIONS] ADDRESS MOUNTPOINT
 *
 *	aname=EXPORT			the export; none: the only one that there is
 *	trans=tcp|unix|vsock|fd		ADDRESS is an IP address, a path, a CID; or nothing
 *	port=N				of tcp and vsock
 *	fd=N, or rfdno=N,wfdno=N	of trans=fd: a connected stream socket
 *	msize=BYTES			the largest message
 *	version=9p2000.L|9p2000.L.hf1	without it hf1 is asked for, and .L will do
 *	cache=strict|loose|none		see enum hf9c_cache
 *	ac=SECONDS			that attributes and names are believed
 *	access=user|client|UID		see enum hf9c_access
 *	uname=NAME			told to the server beside the user's number
 *	hard|soft, timeo=SECONDS	soft: a call that is not answered fails
 *	localio=on|off			past the network, if the server is in this kernel
 *	fsc=DIRECTORY			where content is kept on disk
 *	fscsize=BYTES, fscfiles=N	how much of it; BYTES may end in K, M or G
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "client.h"
#include "session.h"

#define DEFAULT_PORT	564
#define DEFAULT_MSIZE	(1 << 20)
#define DEFAULT_TIMEO	60
#define SECONDS_MOST	86400

/* <holdfast/netfs_cache.h> */
#define FSC_SIZE_LEAST	SZ_16M
#define FSC_FILES_LEAST	16

const struct constant_table hf9c_trans_names[] = {
	{ "tcp",	HF9C_TCP },
	{ "unix",	HF9C_UNIX },
	{ "vsock",	HF9C_VSOCK },
	{ "fd",		HF9C_FD },
	{}
};

const struct constant_table hf9c_cache_names[] = {
	{ "strict",	HF9C_STRICT },
	{ "loose",	HF9C_LOOSE },
	{ "none",	HF9C_NONE },
	{}
};

static const struct constant_table localio_names[] = {
	{ "off",	0 },
	{ "on",		1 },
	{}
};

const struct fs_parameter_spec hf9c_parameters[] = {
	fsparam_string("access", OPT_ACCESS),
	fsparam_u32("ac", OPT_AC),
	fsparam_string("aname", OPT_ANAME),
	fsparam_enum("cache", OPT_CACHE, hf9c_cache_names),
	fsparam_fd("fd", OPT_FD),
	fsparam_string("fsc", OPT_FSC),
	fsparam_u32("fscfiles", OPT_FSCFILES),
	fsparam_string("fscsize", OPT_FSCSIZE),
	fsparam_flag("hard", OPT_HARD),
	fsparam_enum("localio", OPT_LOCALIO, localio_names),
	fsparam_u32("msize", OPT_MSIZE),
	fsparam_u32("port", OPT_PORT),
	fsparam_fd("rfdno", OPT_RFDNO),
	fsparam_flag("soft", OPT_SOFT),
	fsparam_u32("timeo", OPT_TIMEO),
	fsparam_enum("trans", OPT_TRANS, hf9c_trans_names),
	fsparam_string("uname", OPT_UNAME),
	fsparam_string("version", OPT_VERSION),
	fsparam_fd("wfdno", OPT_WFDNO),
	{}
};

/**
 * hf9c_options_new - what a mount has that names none
 *
 * Return: for hf9c_options_free(), or NULL.
 */
struct hf9c_options *hf9c_options_new(void)
{
	struct hf9c_options *opts = kzalloc(sizeof(*opts), GFP_KERNEL);

	if (!opts)
		return NULL;
	opts->trans = HF9C_TCP;
	opts->port = DEFAULT_PORT;
	opts->msize = DEFAULT_MSIZE;
	opts->cache = HF9C_STRICT;
	opts->timeo = DEFAULT_TIMEO;
	opts->localio = true;
	opts->uid = INVALID_UID;
	return opts;
}

/**
 * hf9c_options_free - let go of them
 * @opts: from hf9c_options_new(), or NULL
 */
void hf9c_options_free(struct hf9c_options *opts)
{
	if (!opts)
		return;
	if (opts->rfile)
		fput(opts->rfile);
	if (opts->wfile)
		fput(opts->wfile);
	kfree(opts->aname);
	kfree(opts->uname);
	kfree(opts->fsc);
	kfree(opts);
}

/* ------------------------------------------------------------------------ parsing */

static void take_string(char **to, struct fs_parameter *param)
{
	kfree(*to);
	*to = param->string;
	param->string = NULL;
}

/* A descriptor is the mounting process's, which has it now. */
static int take_file(struct fs_context *fc, struct file **to, struct fs_parameter *param,
		     u32 fd)
{
	struct file *file = param->type == fs_value_is_file ? get_file(param->file) :
							      fget(fd);

	if (!file)
		return invalfc(fc, "%s=%u is not an open file", param->key, fd);
	if (*to)
		fput(*to);
	*to = file;
	return 0;
}

static int take_number(struct fs_context *fc, u32 *to, const char *name, u32 value,
		       u32 least, u32 most)
{
	if (value < least || value > most)
		return invalfc(fc, "%s=%u is not within %u and %u", name, value, least,
			       most);
	*to = value;
	return 0;
}

static unsigned int shift_of(char unit)
{
	switch (unit) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return 0;
	}
}

/* @value: is changed. */
static int parse_bytes(char *value, u64 *bytes)
{
	size_t len = strlen(value);
	unsigned int shift = len ? shift_of(value[len - 1]) : 0;
	int err;

	if (shift)
		value[len - 1] = '\0';
	err = kstrtou64(value, 10, bytes);
	if (err || *bytes > U64_MAX >> shift)
		return err ?: -ERANGE;
	*bytes <<= shift;
	return 0;
}

static int take_fscsize(struct fs_context *fc, struct hf9c_options *opts, char *value)
{
	if (parse_bytes(value, &opts->fscsize))
		return invalfc(fc, "fscsize= is not a number of bytes, K, M or G");
	if (opts->fscsize < FSC_SIZE_LEAST)
		return invalfc(fc, "fscsize=%llu is less than %u", opts->fscsize, FSC_SIZE_LEAST);
	return 0;
}

static int take_access(struct fs_context *fc, struct hf9c_options *opts, const char *value)
{
	u32 uid;

	if (!strcmp(value, "user") || !strcmp(value, "client")) {
		opts->access = *value == 'u' ? HF9C_USER : HF9C_CLIENT;
		opts->uid = INVALID_UID;
		return 0;
	}
	if (kstrtouint(value, 10, &uid) || !uid_valid(make_kuid(fc->user_ns, uid)))
		return invalfc(fc, "access=%s is neither user nor client nor a UID", value);
	opts->access = HF9C_ONE;
	opts->uid = make_kuid(fc->user_ns, uid);
	return 0;
}

static int take_version(struct fs_context *fc, struct hf9c_options *opts, const char *value)
{
	if (!strcasecmp(value, NP_VERSION_DOTL))
		opts->version = HF9C_DOTL;
	else if (!strcasecmp(value, NP_VERSION_HF1))
		opts->version = HF9C_HF1;
	else
		return invalfc(fc, "version=%s is neither 9p2000.L nor 9p2000.L.hf1", value);
	return 0;
}

static int take(struct fs_context *fc, struct hf9c_options *opts, int opt,
		struct fs_parameter *param, const struct fs_parse_result *result)
{
	u32 number = result->uint_32;
	int err;

	switch (opt) {
	case OPT_ACCESS:
		return take_access(fc, opts, param->string);
	case OPT_AC:
		return take_number(fc, &opts->ac, "ac", number, 0, SECONDS_MOST);
	case OPT_ANAME:
		take_string(&opts->aname, param);
		return 0;
	case OPT_CACHE:
		opts->cache = number;
		return 0;
	case OPT_FD:
		err = take_file(fc, &opts->rfile, param, number);
		return err ?: take_file(fc, &opts->wfile, param, number);
	case OPT_FSC:
		take_string(&opts->fsc, param);
		return 0;
	case OPT_FSCFILES:
		return take_number(fc, &opts->fscfiles, "fscfiles", number, FSC_FILES_LEAST,
				   U32_MAX);
	case OPT_FSCSIZE:
		return take_fscsize(fc, opts, param->string);
	case OPT_HARD:
	case OPT_SOFT:
		opts->soft = opt == OPT_SOFT;
		return 0;
	case OPT_LOCALIO:
		opts->localio = number;
		return 0;
	case OPT_MSIZE:
		return take_number(fc, &opts->msize, "msize", number,
				   HF9C_MSIZE_LEAST, HF9C_MSIZE_MOST);
	case OPT_PORT:
		opts->port = number;
		return 0;
	case OPT_RFDNO:
		return take_file(fc, &opts->rfile, param, number);
	case OPT_TIMEO:
		return take_number(fc, &opts->timeo, "timeo", number, 1, SECONDS_MOST);
	case OPT_TRANS:
		opts->trans = number;
		return 0;
	case OPT_UNAME:
		take_string(&opts->uname, param);
		return 0;
	case OPT_VERSION:
		return take_version(fc, opts, param->string);
	case OPT_WFDNO:
		return take_file(fc, &opts->wfile, param, number);
	}
	return -EINVAL;
}

/**
 * hf9c_options_parse - ->parse_param
 * @fc: the context
 * @param: an option
 *
 * Return: 0; -ENOPARAM for one that is not ours; -EINVAL, and the log says why.
 */
int hf9c_options_parse(struct fs_context *fc, struct fs_parameter *param)
{
	struct hf9c_options *opts = fc->fs_private;
	struct fs_parse_result result;
	int opt, err;

	opt = fs_parse(fc, hf9c_parameters, param, &result);
	if (opt < 0)
		return opt;
	err = take(fc, opts, opt, param, &result);
	if (!err)
		opts->given |= BIT(opt);
	return err;
}

static int check_files(struct fs_context *fc, const struct hf9c_options *opts)
{
	bool fd = opts->trans == HF9C_FD;

	if (!fd && (opts->rfile || opts->wfile))
		return invalfc(fc, "fd=, rfdno= and wfdno= go with trans=fd");
	if (fd && (!opts->rfile || !opts->wfile))
		return invalfc(fc, "trans=fd wants fd=, or rfdno= and wfdno=");
	if (opts->rfile != opts->wfile)
		return invalfc(fc, "rfdno= and wfdno= are not the same socket");
	if (fd && hf9c_given(opts, OPT_PORT))
		return invalfc(fc, "port= goes with trans=tcp and vsock");
	return 0;
}

static int check_address(struct fs_context *fc, const struct hf9c_options *opts)
{
	if (opts->trans == HF9C_FD)
		return 0;
	if (!fc->source || !*fc->source)
		return invalfc(fc, "no ADDRESS given");
	if (opts->trans == HF9C_UNIX && hf9c_given(opts, OPT_PORT))
		return invalfc(fc, "port= goes with trans=tcp and vsock");
	if (opts->trans == HF9C_TCP && (!opts->port || opts->port > U16_MAX))
		return invalfc(fc, "port=%u is not within 1 and %u", opts->port, U16_MAX);
	return 0;
}

/* The kernel writes there, whoever may. */
static int check_fsc(struct fs_context *fc, const struct hf9c_options *opts)
{
	if (!opts->fsc)
		return hf9c_given(opts, OPT_FSCSIZE) || hf9c_given(opts, OPT_FSCFILES) ?
			invalfc(fc, "fscsize= and fscfiles= go with fsc=") : 0;
	if (opts->cache == HF9C_NONE)
		return invalfc(fc, "fsc= goes with cache=strict and loose");
	if (*opts->fsc != '/')
		return invalfc(fc, "fsc=%s is not an absolute path", opts->fsc);
	if (capable(CAP_SYS_ADMIN))
		return 0;
	errorfc(fc, "fsc= is root's alone");
	return -EPERM;
}

/**
 * hf9c_options_check - what they are together
 * @fc: the context, of a new mount
 *
 * Return: 0; -EINVAL or -EPERM, and the log says why.
 */
int hf9c_options_check(struct fs_context *fc)
{
	struct hf9c_options *opts = fc->fs_private;
	int err;

	err = check_files(fc, opts) ?: check_address(fc, opts) ?: check_fsc(fc, opts);
	if (err)
		return err;
	if (hf9c_given(opts, OPT_TIMEO) && !opts->soft)
		return invalfc(fc, "timeo= goes with soft");
	/* Who wants nothing kept does not want attributes kept. */
	if (!hf9c_given(opts, OPT_AC))
		opts->ac = opts->cache == HF9C_NONE ? 0 : 1;
	return 0;
}
