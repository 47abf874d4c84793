// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a directory has, kept from one reading of it to the next.
 *
 * A listing is that of one reading from the beginning to the end.  It holds for as long
 * as we have changed no name, and as the directory has the version that it had when it
 * was begun, if that was old enough to tell; with cache=loose, nobody else changes any.
 * If more names have been asked for since than reading it again costs messages, it is read
 * again: that brings the attributes of all.
 *
 * It is told to the user as whom it was read: another one the server might refuse, by an
 * ACL.
 *
 * An inode has one; whoever reads it has a reference, and nobody changes it.
 */
#include <linux/refcount.h>
#include <linux/slab.h>

#include "client.h"
#include "fid.h"
#include "listing.h"

/* Longer ones are read again each time. */
#define BYTES_MOST	(64 << 10)
#define BYTES_FIRST	1024
/* Of reading a short one: it is opened, read, and read to its end. */
#define MESSAGES	3

/**
 * struct hf9c_listing - all names of a directory
 * @ref: whoever has it
 * @uid: as whom it was asked for
 * @number: when it was begun, by the clock
 * @version: of the directory then
 * @walks: of hf9c_inode, when it was whole
 * @bytes: of entries
 * @room: for them
 * @data: struct entry, each at a multiple of 8
 */
struct hf9c_listing {
	refcount_t ref;
	kuid_t uid;
	u64 number, version;
	int walks;
	u32 bytes, room;
	u8 data[] __aligned(8);
};

struct entry {
	u64 ino, next;
	u8 type, len;
	char name[];
};

static u32 bytes_of(u8 len)
{
	return ALIGN(offsetof(struct entry, name) + len, 8);
}

void hf9c_listing_put(struct hf9c_listing *listing)
{
	if (listing && refcount_dec_and_test(&listing->ref))
		kvfree(listing);
}

/* With i_lock.  Which version the directory has, if it tells of every change; or 0. */
static u64 version_of(const struct hf9c_inode *hi)
{
	lockdep_assert_held(&hi->netfs.vfs.i_lock);
	return hi->settled && hi->versioned > hi->changed ? hi->version : 0;
}

/**
 * hf9c_listing_begin - a directory is about to be read from its beginning
 * @dir: the directory
 * @fid: it is read by
 * @number: by the clock
 *
 * Return: to be added to, and to be put or ended; NULL: it will not be kept.
 */
struct hf9c_listing *hf9c_listing_begin(struct inode *dir, const struct hf9c_fid *fid,
					u64 number)
{
	struct hf9c_listing *listing;
	u64 version;

	spin_lock(&dir->i_lock);
	version = version_of(hf9c_inode(dir));
	spin_unlock(&dir->i_lock);
	if (!version && !hf9c_is_loose(dir->i_sb))
		return NULL;
	listing = kvmalloc(BYTES_FIRST, GFP_KERNEL_ACCOUNT);
	if (!listing)
		return NULL;
	*listing = (struct hf9c_listing) {
		.uid = fid->uid, .number = number, .version = version,
		.room = BYTES_FIRST - sizeof(*listing),
	};
	refcount_set(&listing->ref, 1);
	return listing;
}

/**
 * hf9c_listing_add - what was read, in its order
 * @listing: the caller's alone; put if it cannot be kept
 * @name: NP_NAME_MAX bytes at the most
 * @ino: its number
 * @next: where reading goes on behind it
 * @type: DT_*
 *
 * Return: @listing, which may have moved; or NULL.
 */
struct hf9c_listing *hf9c_listing_add(struct hf9c_listing *listing, const struct np_str *name,
				      u64 ino, u64 next, u8 type)
{
	u32 room = listing->room, used = listing->bytes + bytes_of(name->len);
	struct hf9c_listing *larger = listing;
	struct entry *entry;

	if (used > room) {
		room = 2 * (sizeof(*listing) + room);
		larger = room > BYTES_MOST || name->len > NP_NAME_MAX ? NULL :
			 kvrealloc(listing, room, GFP_KERNEL_ACCOUNT);
		if (!larger) {
			hf9c_listing_put(listing);
			return NULL;
		}
		larger->room = room - sizeof(*larger);
	}
	entry = (struct entry *)(larger->data + larger->bytes);
	*entry = (struct entry) { .ino = ino, .next = next, .type = type, .len = name->len };
	memcpy(entry->name, name->at, name->len);
	larger->bytes = used;
	return larger;
}

/* Whether it would be better to have the attributes, too: one by one they cost more. */
static bool is_too_little(const struct hf9c_listing *listing, const struct hf9c_inode *hi)
{
	return (unsigned int)(atomic_read(&hi->walks) - listing->walks) > MESSAGES &&
	       hf9c_knows(hf9c_super(hi->netfs.vfs.i_sb), NP_TREADDIRATTR);
}

/* With i_lock.  Whether we have changed no name, and missed none. */
static bool is_of_now(const struct hf9c_listing *listing, const struct hf9c_inode *hi)
{
	return listing && listing->number > hi->changed && !is_too_little(listing, hi) &&
	       !hf9c_is_doubted(hf9c_super(hi->netfs.vfs.i_sb), listing->number);
}

/* With i_lock.  And it is the asker's. */
static bool is_mine(const struct hf9c_listing *listing, const struct hf9c_inode *hi)
{
	return is_of_now(listing, hi) &&
	       uid_eq(listing->uid, hf9c_user_of(hf9c_super(hi->netfs.vfs.i_sb)));
}

/* With i_lock.  And nobody else has. */
static bool holds(const struct hf9c_listing *listing, const struct hf9c_inode *hi)
{
	u64 version = version_of(hi);

	return is_of_now(listing, hi) && (hf9c_is_loose(hi->netfs.vfs.i_sb) ||
					  (version && version == listing->version));
}

/**
 * hf9c_listing_end - the directory was read to its end
 * @dir: the directory
 * @listing: the caller's reference, which is the inode's from here on
 */
void hf9c_listing_end(struct inode *dir, struct hf9c_listing *listing)
{
	struct hf9c_inode *hi = hf9c_inode(dir);

	listing->walks = atomic_read(&hi->walks);
	spin_lock(&dir->i_lock);
	if (holds(listing, hi))
		swap(listing, hi->listing);
	spin_unlock(&dir->i_lock);
	hf9c_listing_put(listing);
}

/**
 * hf9c_listing_is_there - might the asker be told one, if nobody else has changed the directory?
 * @dir: the directory
 */
bool hf9c_listing_is_there(struct inode *dir)
{
	struct hf9c_inode *hi = hf9c_inode(dir);
	bool is_there;

	spin_lock(&dir->i_lock);
	is_there = is_mine(hi->listing, hi);
	spin_unlock(&dir->i_lock);
	return is_there;
}

/**
 * hf9c_listing_of - what a directory has
 * @dir: the directory, whose attributes can be believed
 *
 * Return: to be put; NULL: nobody knows.
 */
struct hf9c_listing *hf9c_listing_of(struct inode *dir)
{
	struct hf9c_inode *hi = hf9c_inode(dir);
	struct hf9c_listing *listing = NULL;

	spin_lock(&dir->i_lock);
	if (is_mine(hi->listing, hi) && holds(hi->listing, hi)) {
		listing = hi->listing;
		refcount_inc(&listing->ref);
	}
	spin_unlock(&dir->i_lock);
	return listing;
}

/**
 * hf9c_listing_drop - the inode goes
 * @dir: evicted
 */
void hf9c_listing_drop(struct inode *dir)
{
	hf9c_listing_put(hf9c_inode(dir)->listing);
	hf9c_inode(dir)->listing = NULL;
}

static const struct entry *entry_at(const struct hf9c_listing *listing, u32 at)
{
	return at < listing->bytes ? (const struct entry *)(listing->data + at) : NULL;
}

/* Behind the entry whose @next is @pos.  Return: whether there is one. */
static bool find(const struct hf9c_listing *listing, u64 pos, u32 *at)
{
	const struct entry *entry;
	u32 next = 0;

	for (*at = 0; pos; *at = next) {
		entry = entry_at(listing, *at);
		if (!entry)
			return false;
		next = *at + bytes_of(entry->len);
		if (entry->next == pos)
			pos = 0;
	}
	return true;
}

/**
 * hf9c_listing_tell - names from ctx->pos on
 * @listing: of the directory
 * @ctx: who wants them
 * @at: where the last call has ended; 0 at first
 * @pos: and what ctx->pos was then
 *
 * Return: whether ctx->pos is a place in it.
 */
bool hf9c_listing_tell(const struct hf9c_listing *listing, struct dir_context *ctx, u32 *at,
		       u64 *pos)
{
	const struct entry *entry;

	if (*pos != ctx->pos && !find(listing, ctx->pos, at))
		return false;
	for (; (entry = entry_at(listing, *at)); *at += bytes_of(entry->len)) {
		if (!dir_emit(ctx, entry->name, entry->len, entry->ino, entry->type))
			break;
		ctx->pos = entry->next;
	}
	*pos = ctx->pos;
	return true;
}
