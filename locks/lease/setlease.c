// SPDX-License-Identifier: GPL-2.0-only
/*
 * ->setlease: the VFS decides who may have a lease and when it breaks, but for
 * users of a file whom it does not see; and tells what it does through the
 * entry's operations.  nfsd's are left alone, since nfsd knows its own entries by
 * them.  Those of fcntl are replaced by ours, which pass everything on.
 */
#include <linux/export.h>
#include <linux/filelock.h>
#include <linux/slab.h>

#include "leases.h"

/*
 * A request on its way through the VFS, which always hands &->priv on, so that
 * user_setup() finds it.  What it is refused for, its inode's ->refuse knows.
 */
struct request {
	struct hf_lease_inode *li;
	struct file *file;
	struct file_lease *lease;	/* the caller's entry */
	struct hf_grant *spare;		/* our record, unless there is one */
	void *priv;			/* the caller's, while the VFS is asked */
	int arg;
	bool delegation;
	/* By user_setup(): */
	bool asked;
	bool refused;
};

/* fcntl's operations, all of whose leases have the same. */
static const struct lease_manager_operations *fcntl_operations;

/* The VFS's entry of one; O(n) in them, as everything of the VFS's is. */
static struct file_lease *entry_of(struct file_lock_context *ctx,
				   const struct file *file, const void *owner)
{
	struct file_lease *entry;

	lockdep_assert_held(&ctx->flc_lock);
	list_for_each_entry(entry, &ctx->flc_lease, c.flc_list)
		if (entry->c.flc_file == file && entry->c.flc_owner == owner)
			return entry;
	return NULL;
}

/* Called under flc_lock.  fcntl's own answer is never to drop it at once. */
static bool user_break(struct file_lease *entry)
{
	struct hf_lease_inode *li = hf_leased_of(entry->c.flc_file, LS_LEASE);
	struct hf_grant *grant;

	if (li) {
		spin_lock(&li->lock);
		grant = hf_lease_of(li, entry);
		if (grant)
			hf_lease_note(li, &grant->core, entry);
		spin_unlock(&li->lock);
	}
	return fcntl_operations->lm_break(entry);
}

/* The VFS has granted it: our record follows, and may be the spare one. */
static void note_granted(struct request *request, struct file_lease *entry)
{
	struct hf_lease_inode *li = request->li;
	struct hf_grant *grant;
	struct ls_batch batch;

	spin_lock(&li->lock);
	grant = hf_lease_of(li, entry);
	/* It had one that is gone, though nobody has noticed. */
	if (grant && entry == request->lease)
		hf_lease_missing(li, &grant->core);
	if (!grant) {
		grant = request->spare;
		request->spare = NULL;
	}
	if (entry == request->lease || !grant->place)
		grant->place = hf_next_number(li);
	ls_lease_granted(hf_leases(li), &grant->core, hf_lease_type(entry), &batch);
	if (hlist_unhashed(&grant->by_file))
		hf_grant_hash(grant);
	hf_leases_tell(li, &batch);
	/* It may be breaking by now. */
	hf_lease_note(li, &grant->core, entry);
	spin_unlock(&li->lock);
}

/* Would the VFS refuse it if it saw everybody who uses the file? */
static bool is_refused(const struct request *request)
{
	bool (*refuse)(const struct file *file, int arg, bool delegation) =
		request->li->refuse;

	return refuse && refuse(request->file, request->arg,
				request->delegation);
}

/*
 * Called under flc_lock, for one that there is already: what it was it stays.
 * (It was fcntl's, so it is no delegation.)
 */
static int user_change(struct file_lease *entry, int type,
		       struct list_head *dispose)
{
	struct request request = {
		.file = entry->c.flc_file,
		.arg = type,
	};

	hf_assert_flc_lock(entry);
	if (type != F_UNLCK) {
		request.li = hf_leased_of(request.file, LS_LEASE);
		if (request.li && is_refused(&request))
			return -EAGAIN;
	}
	return fcntl_operations->lm_change(entry, type, dispose);
}

/* Whom the file's signals go to (F_SETOWN, F_SETSIG), but for its lock. */
static void copy_owner(struct fown_struct *to, const struct fown_struct *from)
{
	to->pid = from->pid;
	to->pid_type = from->pid_type;
	to->uid = from->uid;
	to->euid = from->euid;
	to->signum = from->signum;
}

/*
 * Out of the VFS's list again, in the hold of flc_lock in which it came there:
 * nobody has seen it.  The VFS makes the file forget its owner with that, which
 * a lease that is refused is not to.
 */
static void take_out(struct file_lease *entry, int arg)
{
	struct fown_struct *owner = file_f_owner(entry->c.flc_file);
	struct fown_struct saved;
	LIST_HEAD(out);

	hf_assert_flc_lock(entry);
	read_lock_irq(&owner->lock);
	copy_owner(&saved, owner);
	get_pid(saved.pid);
	read_unlock_irq(&owner->lock);

	lease_modify(entry, F_UNLCK, &out);
	list_del_init(&entry->c.flc_list);
	/* As it was handed in. */
	entry->c.flc_type = arg;

	write_lock_irq(&owner->lock);
	put_pid(owner->pid);
	copy_owner(owner, &saved);
	write_unlock_irq(&owner->lock);
}

/*
 * Called under flc_lock, when the VFS has granted it.  A new one is asked about
 * here, where none but us can see it yet: who has opened the file meanwhile is
 * counted by now, or waits for flc_lock to break what he will not find.
 */
static void user_setup(struct file_lease *entry, void **priv)
{
	struct request *request = container_of(priv, struct request, priv);

	hf_assert_flc_lock(entry);
	request->asked = true;
	request->refused = entry == request->lease && is_refused(request);
	if (request->refused)
		return take_out(entry, request->arg);
	fcntl_operations->lm_setup(entry, priv);
	note_granted(request, entry);
}

static const struct lease_manager_operations user_operations = {
	.lm_break	= user_break,
	.lm_change	= user_change,
	.lm_setup	= user_setup,
};

/* What the entry is, and ours instead of fcntl's operations. */
static enum ls_kind adopt(struct file_lease *lease, void **priv)
{
	const struct lease_manager_operations *known;

	if (lease->c.flc_flags & FL_DELEG)
		return LS_DELEGATION;
	/* fcntl is the only one that has something to set up. */
	if (!priv || !lease->fl_lmops->lm_setup)
		return LS_LEASE;
	known = cmpxchg(&fcntl_operations, NULL, lease->fl_lmops);
	if (!known || known == lease->fl_lmops)
		lease->fl_lmops = &user_operations;
	return LS_LEASE;
}

/* Of one without user_setup(), unless another thread has returned it already. */
static void note_later(struct request *request, const void *owner)
{
	struct file_lock_context *ctx =
		locks_inode_context(file_inode(request->file));
	struct file_lease *entry;

	spin_lock(&ctx->flc_lock);
	entry = entry_of(ctx, request->file, owner);
	if (entry)
		note_granted(request, entry);
	spin_unlock(&ctx->flc_lock);
}

static struct hf_grant *record_of(struct hf_lease_inode *li,
				  const struct file *file, const void *owner)
{
	return hf_grant_find(li, file, LS_LEASE, owner) ?:
	       hf_grant_find(li, file, LS_DELEGATION, owner);
}

/* What is about to be returned: was that asked for?  nfsd's ops are its own. */
static void before_return(struct hf_lease_inode *li, struct file *file,
			  const void *owner)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct file_lease *entry;
	struct hf_grant *grant;

	if (!ctx)
		return;
	spin_lock(&ctx->flc_lock);
	spin_lock(&li->lock);
	entry = entry_of(ctx, file, owner);
	grant = entry ? hf_lease_of(li, entry) : NULL;
	if (grant)
		hf_lease_note(li, &grant->core, entry);
	spin_unlock(&li->lock);
	spin_unlock(&ctx->flc_lock);
}

/* It was: the record goes, unless another thread has taken it anew. */
static void returned(struct hf_lease_inode *li, struct file *file,
		     const void *owner)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	struct hf_grant *grant = NULL;
	struct ls_batch batch;

	spin_lock(&ctx->flc_lock);
	spin_lock(&li->lock);
	if (!entry_of(ctx, file, owner))
		grant = record_of(li, file, owner);
	if (grant) {
		ls_lease_returned(hf_leases(li), &grant->core, &batch);
		hf_leases_tell(li, &batch);
	}
	spin_unlock(&li->lock);
	spin_unlock(&ctx->flc_lock);
	if (grant)
		hf_leased_leave(li);
	hf_grant_free(grant);
}

static int unlock(struct hf_lease_inode *li, struct file *file,
		  struct file_lease **lease, void **priv)
{
	const void *owner = *priv;
	int err;

	before_return(li, file, owner);
	err = generic_setlease(file, F_UNLCK, lease, priv);
	/* One that was revoked the VFS has not: it shows until the close. */
	if (!err)
		returned(li, file, owner);
	return err;
}

/* The VFS's answer.  The caller's entry is his again if it is not granted. */
static int ask(struct request *request, struct file_lease **lease, void **priv)
{
	int err;

	request->priv = priv ? *priv : NULL;
	err = generic_setlease(request->file, request->arg, lease,
			       &request->priv);
	if (priv)
		*priv = request->priv;
	if (!request->refused)
		return err;
	*lease = request->lease;
	return -EAGAIN;
}

/*
 * What has no user_setup() (a server's) is asked about when others may have seen
 * it, and taken back.
 */
static int ask_again(const struct request *request, void *owner)
{
	if (!is_refused(request))
		return 0;
	unlock(request->li, request->file, NULL, &owner);
	return -EAGAIN;
}

/*
 * Why no user whom the VFS does not see is overlooked, nor anybody refused for
 * another's request that comes to nothing:
 * 1. A lease of fcntl is asked about last in user_setup(), when the VFS has
 *    counted, and in the hold of flc_lock in which it has.  Who has opened the
 *    file by then has been counted by one of the two; who comes later finds the
 *    lease, and waits for flc_lock to break it.
 * 2. If that says no, the lease leaves the list in the same hold.  So no open
 *    waits or fails for it, no other request is refused for it, and no other
 *    thread can have changed what is taken out.
 * 3. A delegation is in the list a moment before it is asked about again, since
 *    nfsd's operations have to stay and have no lm_setup.  So an open may begin
 *    to recall one that is then taken back.  nfsd does that on every filesystem:
 *    it counts the writers once the VFS has granted (nfs4_set_delegation()).
 *    The owner is the delegation's address, which no other thread has yet.
 * 4. Before the VFS is asked, the answer is no more than a short way; but for a
 *    delegation, that a filesystem allows beside writers whom the VFS sees: who
 *    is one of them at one moment, and is not seen at the other, is found at one.
 */
static int take(struct request *request, struct file_lease **lease, void **priv)
{
	struct hf_lease_inode *li = request->li;
	void *owner = (*lease)->c.flc_owner;
	enum ls_kind kind;
	int err;

	if (is_refused(request))
		return -EAGAIN;
	kind = adopt(*lease, priv);
	request->spare = hf_grant_alloc(li, kind, request->file, owner);
	if (!request->spare)
		return -ENOMEM;
	hf_leased_use(li, file_inode(request->file));
	err = ask(request, lease, priv);
	if (!err && !request->asked)
		note_later(request, owner);
	if (!err)
		hf_leased_join(li);
	hf_grant_free(request->spare);
	if (err || request->asked || *lease)
		return err;
	return ask_again(request, owner);
}

int hf_setlease(struct hf_lease_inode *li, struct file *file, int arg,
		struct file_lease **lease, void **priv)
{
	struct request request = { .li = li, .file = file, .arg = arg };

	if (arg == F_UNLCK)
		return unlock(li, file, lease, priv);
	/* Layouts of nfsd's pNFS server are entries as well, and no leases. */
	if ((*lease)->c.flc_flags & FL_LAYOUT)
		return generic_setlease(file, arg, lease, priv);
	request.lease = *lease;
	request.delegation = (*lease)->c.flc_flags & FL_DELEG;
	return take(&request, lease, priv);
}
EXPORT_SYMBOL_GPL(hf_setlease);
