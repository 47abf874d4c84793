// SPDX-License-Identifier: GPL-2.0-only
/*
 * localfile: a server that lends its file to clients in the same kernel, by
 * holdfast_localio.  What it serves is one file, path=; its wire is
 * /proc/fs/holdfast/localfile: who opens that is connected, read(2) reads the file, and
 * LOCALFILE_HELLO brings a client's id and takes the answer back.  (Such a descriptor
 * keeps no module, as a connection does not: when the module goes it is closed.)
 *
 * Documentation/localio.md walks through the numbers in the margin.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <holdfast/localio.h>
#include <holdfast/proc.h>

#define LOCALFILE_HELLO _IOWR('l', 0, u8[HF_LOCALIO_SECRET])

static char *path;
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "of the file that is served");

static struct hf_localio_server *server;

/* 1: the session: whatever the server takes for one, counted by the server. */
struct connection {
	struct kref ref;
	struct file *file;		/* opened by whoever connected, as he may */
};

/* Not fput(): that closes the file later, and so keeps its filesystem busy. */
static void free_connection(struct kref *ref)
{
	struct connection *c = container_of(ref, struct connection, ref);

	__fput_sync(c->file);
	kfree(c);
}

/* ------------------------------------------------------------------ operations */

/* 2: what was opened over the wire is lent, for no more than it was opened for. */
static int lend(void *session, const void *key, u32 len, fmode_t mode,
		struct hf_localio_opened *out)
{
	struct connection *c = session;

	if (len || mode & ~c->file->f_mode)
		return -EBADF;
	kref_get(&c->ref);
	out->file = c->file;
	out->cookie = c;
	return 0;
}

static void take_back(void *cookie)
{
	struct connection *c = cookie;

	kref_put(&c->ref, free_connection);
}

static void put_session(void *session)
{
	struct connection *c = session;

	kref_put(&c->ref, free_connection);
}

static const struct hf_localio_ops ops = {
	.name = "localfile",
	.open = lend,
	.close = take_back,
	.session_put = put_session,
};

/* -------------------------------------------------------------------- the wire */

static int connect(struct inode *inode, struct file *wire)
{
	struct connection *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	c->file = filp_open(path, wire->f_flags & O_ACCMODE, 0);
	if (IS_ERR(c->file)) {
		int err = PTR_ERR(c->file);

		kfree(c);
		return err;
	}
	kref_init(&c->ref);
	wire->private_data = c;
	return 0;
}

/* 3: the link's reference is there before the link is. */
static int attach(struct connection *c, const u8 *id, u8 *answer)
{
	int err;

	kref_get(&c->ref);
	err = hf_localio_attach(server, id, c, answer);
	if (err)
		kref_put(&c->ref, free_connection);
	return err;
}

/* No call runs any more when disconnect() does; else it would look here whether one has. */
static long hello(struct file *wire, unsigned int cmd, unsigned long arg)
{
	u8 id[HF_LOCALIO_SECRET], answer[HF_LOCALIO_SECRET];
	void __user *at = (void __user *)arg;
	int err;

	if (cmd != LOCALFILE_HELLO)
		return -ENOTTY;
	if (copy_from_user(id, at, sizeof(id)))
		return -EFAULT;
	err = attach(wire->private_data, id, answer);
	if (!err && copy_to_user(at, answer, sizeof(answer)))
		err = -EFAULT;
	return err;
}

/* What a client without a link does. */
static ssize_t read_by_wire(struct file *wire, char __user *to, size_t count, loff_t *pos)
{
	struct connection *c = wire->private_data;
	char buffer[256];
	ssize_t got = kernel_read(c->file, buffer, min(count, sizeof(buffer)), pos);

	if (got > 0 && copy_to_user(to, buffer, got))
		return -EFAULT;
	return got;
}

/* 4: the end of a connection; I/O in flight is not waited for here. */
static int disconnect(struct inode *inode, struct file *wire)
{
	struct connection *c = wire->private_data;

	hf_localio_session_end(server, c);
	kref_put(&c->ref, free_connection);
	return 0;
}

static const struct proc_ops wire_ops = {
	.proc_open = connect,
	.proc_read = read_by_wire,
	.proc_ioctl = hello,
	.proc_release = disconnect,
	.proc_lseek = default_llseek,
};

static int __init localfile_init(void)
{
	if (!path)
		return -EINVAL;
	server = hf_localio_server_start(&ops);		/* 5 */
	if (IS_ERR(server))
		return PTR_ERR(server);
	if (proc_create("localfile", 0600, hf_proc_dir(), &wire_ops))
		return 0;
	hf_localio_server_wait_forever(server);
	return -ENOMEM;
}

/* 6: no more calls; then what they have begun ends, and needs no client for that. */
static void __exit localfile_exit(void)
{
	remove_proc_entry("localfile", hf_proc_dir());
	hf_localio_server_wait_forever(server);
}

module_init(localfile_init);
module_exit(localfile_exit);
MODULE_DESCRIPTION("sample: a server that lends its file by holdfast_localio");
MODULE_LICENSE("GPL");
