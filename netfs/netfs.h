/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the request layer's shell share. */
#ifndef HF_NETFS_SHELL_H
#define HF_NETFS_SHELL_H

#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/migrate.h>
#include <linux/pagemap.h>

#include <holdfast/netfs_aside.h>

#include "core/netfs_core.h"

/* Subrequests of one request of write-back; all of them come from a reserve. */
#define HF_NETFS_WRITE_SUBS	16
/* Of one request of direct I/O: larger ones are several. */
#define HF_NETFS_DIRECT_SUBS	256
#define HF_NETFS_DIRECT_PAGES	4096

/* hf_netfs_inode.flags */
#define HF_NETFS_EVICTING	0	/* no new requests */
#define HF_NETFS_FAILING	1	/* write-back failed: writes are synchronous until one is not */

static inline u64 hf_netfs_now(void)
{
	return ktime_to_ms(ktime_get());
}

static inline bool hf_netfs_writes(const struct hf_netfs_req *req)
{
	return req->kind == RL_WRITEPAGES || req->kind == RL_DIRECT_WRITE;
}

static inline bool hf_netfs_is_direct(const struct hf_netfs_req *req)
{
	return req->kind == RL_DIRECT_READ || req->kind == RL_DIRECT_WRITE;
}

/* request.c: how one begins, who keeps it, its one exit */
struct hf_netfs_reserve *hf_netfs_reserve_create(void);
void hf_netfs_reserve_put(struct hf_netfs_reserve *reserve);
struct hf_netfs_req *hf_netfs_req_begin(struct hf_netfs_inode *ni, struct file *file,
					enum rl_kind kind, u32 subs);
void hf_netfs_req_left(struct hf_netfs_req *req, enum rl_left left);
void hf_netfs_req_issued(struct hf_netfs_req *req);
void hf_netfs_req_cancel(struct hf_netfs_req *req, int error);
int hf_netfs_req_wait(struct hf_netfs_req *req, bool killable);
void hf_netfs_io_end(struct hf_netfs_inode *ni);

/* Whoever waits for a request that is not asynchronous, on its stack. */
struct hf_netfs_waiting {
	struct rl_result result;
	struct completion done;
};

/* issue.c: a subrequest on its way out, and its credit */
void hf_netfs_send_by(struct hf_netfs_req *req, const struct rl_piece *piece, bool cached);
static inline void hf_netfs_send(struct hf_netfs_req *req, const struct rl_piece *piece)
{
	hf_netfs_send_by(req, piece, false);
}

bool hf_netfs_issue(struct hf_netfs_sub *sub, bool may_wait);
void hf_netfs_cancel_sub(struct hf_netfs_sub *sub);
void hf_netfs_credit_back(struct hf_netfs_sub *sub);
void hf_netfs_credit_leave(struct hf_netfs_sub *sub);

/* collect.c: answers, and the folios of what has ended */
void hf_netfs_act(struct hf_netfs_sub *sub, enum rl_act act);
int hf_netfs_errno(enum rl_why why, int error);

/* retry.c: the request's work item */
void hf_netfs_work(struct work_struct *work);
void hf_netfs_kick(struct hf_netfs_req *req, u64 due);
void hf_netfs_arm(struct hf_netfs_req *req);
void hf_netfs_hurry(struct hf_netfs_req *req);

/* word.c: folio->private */
struct rl_folio hf_netfs_folio(struct folio *folio);
void hf_netfs_word_attach(struct folio *folio);
bool hf_netfs_word_change(struct folio *folio, rl_word from, rl_word to);
rl_word hf_netfs_word_take(struct folio *folio);
bool hf_netfs_dirty_folio(struct address_space *mapping, struct folio *folio);
bool hf_netfs_release_folio(struct folio *folio, gfp_t gfp);
void hf_netfs_invalidate_folio(struct folio *folio, size_t offset, size_t length);
#ifdef CONFIG_MIGRATION
int hf_netfs_migrate_folio(struct address_space *mapping, struct folio *to,
			   struct folio *from, enum migrate_mode mode);
#else
#define hf_netfs_migrate_folio NULL
#endif

/* drop.c: what is cached and not believed any more */
bool hf_netfs_undefine(struct folio *folio);
bool hf_netfs_forget(struct address_space *mapping, pgoff_t first, pgoff_t last);
void hf_netfs_forget_written(struct inode *inode, loff_t pos, size_t len);

/* (A range that ends behind what an offset can say ends there.) */
static inline loff_t hf_netfs_last(loff_t pos, size_t len)
{
	return len > (u64)(LLONG_MAX - pos) ? LLONG_MAX : pos + (loff_t)len - 1;
}

/* read.c */
void hf_netfs_readahead(struct readahead_control *rac);
int hf_netfs_read_folio(struct file *file, struct folio *folio);
int hf_netfs_fill(struct file *file, struct folio *folio, const struct rl_piece *pieces,
		  int count, bool killable);
bool hf_netfs_partly_uptodate(struct folio *folio, size_t from, size_t count);

/* write.c, writeback.c */
int hf_netfs_write_begin(struct file *file, struct address_space *mapping, loff_t pos,
			 unsigned int len, struct folio **foliop, void **data);
int hf_netfs_write_end(struct file *file, struct address_space *mapping, loff_t pos,
		       unsigned int len, unsigned int copied, struct folio *folio,
		       void *data);
int hf_netfs_writepages(struct address_space *mapping, struct writeback_control *wbc);
int hf_netfs_flush(struct inode *inode, loff_t from, loff_t last);
ssize_t hf_netfs_buffered_write(struct kiocb *iocb, struct iov_iter *from);

/* size.c */
void hf_netfs_zero_gap(struct inode *inode, loff_t pos);
void hf_netfs_extend(struct hf_netfs_inode *ni, loff_t end);
void hf_netfs_sizes_in(struct hf_netfs_req *req);
void hf_netfs_write_begins(struct hf_netfs_inode *ni);
void hf_netfs_sizes_written(struct hf_netfs_inode *ni, const struct rl_result *result);

/* direct.c: what the end of a request does of direct I/O */
void hf_netfs_direct_complete(struct hf_netfs_req *req);

/* mount.c */
int hf_netfs_mounts_init(void);
void hf_netfs_mounts_exit(void);
void hf_netfs_show_requests(struct seq_file *m);

/*
 * Answers wait for nothing; tries for answers alone, and for no credit; ends for folios,
 * which those two unlock.  So each has its own, or one could wait behind itself.
 */
extern struct workqueue_struct *hf_netfs_answers, *hf_netfs_tries, *hf_netfs_ends;

#endif /* HF_NETFS_SHELL_H */
