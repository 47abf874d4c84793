// SPDX-License-Identifier: GPL-2.0-only
/* Attributes: for how long, and by whom, those that are here are believed. */
#include <linux/fs.h>

#include "client.h"

static unsigned long switches_of_mine(void)
{
	return current->nvcsw + current->nivcsw;
}

/**
 * hf9c_came - attributes have come, and are taken
 * @hi: whose; with i_lock
 * @sample: from before they were asked for
 */
void hf9c_came(struct hf9c_inode *hi, const struct hf9c_sample *sample)
{
	hi->applied = sample->number;
	hi->since = sample->since;
	hi->came = jiffies;
	/* (A thread of the kernel's asks for many.) */
	hi->asker = current->flags & (PF_KTHREAD | PF_WQ_WORKER) ? NULL : current;
	hi->switches = switches_of_mine();
}

/*
 * With i_lock.  Who wants them has asked for them, as a rule in this very call and with
 * the name, and has not slept since.  So he cannot have been told of anything that has
 * happened meanwhile, but by memory that he shares.  Once: ->getattr uses them up.
 */
static bool is_asker(const struct hf9c_inode *hi)
{
	return hi->asker == current && hi->switches == switches_of_mine() &&
	       time_before_eq(jiffies, hi->came + 1);
}

/**
 * hf9c_is_alone - has nobody else changed what is known here?
 * @inode: of what
 */
bool hf9c_is_alone(struct inode *inode)
{
	bool doubted;

	if (!hf9c_is_loose(inode->i_sb))
		return false;
	spin_lock(&inode->i_lock);
	doubted = hf9c_is_doubted(hf9c_super(inode->i_sb), hf9c_inode(inode)->applied);
	spin_unlock(&inode->i_lock);
	return !doubted;
}

/* With i_lock.  For as long as they are believed by whoever wants them. */
static bool is_young(struct inode *inode)
{
	return hf9c_is_loose(inode->i_sb) ||
	       time_before(jiffies, hf9c_inode(inode)->since +
				    READ_ONCE(hf9c_super(inode->i_sb)->ac));
}

static bool is_fresh(struct inode *inode, bool to_asker)
{
	struct hf9c_inode *hi = hf9c_inode(inode);
	bool fresh;

	spin_lock(&inode->i_lock);
	fresh = hi->applied > max(hi->changed, hi->wrote) &&
		!hf9c_is_doubted(hf9c_super(inode->i_sb), hi->applied) &&
		(is_young(inode) || (to_asker && is_asker(hi)));
	spin_unlock(&inode->i_lock);
	return fresh && !(S_ISREG(inode->i_mode) && hf_netfs_stale(inode));
}

/**
 * hf9c_is_fresh - may the attributes that are here be believed?
 * @inode: whose
 */
bool hf9c_is_fresh(struct inode *inode)
{
	return is_fresh(inode, true);
}

/**
 * hf9c_is_believed - the same, for who wants them more than once
 * @inode: whose
 */
bool hf9c_is_believed(struct inode *inode)
{
	return is_fresh(inode, false);
}
