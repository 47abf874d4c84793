/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border of the config core: what the server is told through configfs, read and
 * checked; who may connect; and as whom a client's user acts.  Valid as C11 and as
 * C++20.
 *
 * Functions of their arguments alone: no memory is allocated, nothing is locked, and
 * what is filled in is so only after NS_GOOD.  Numbers are decimal, without a sign
 * and without zeroes in front.  ids are those of the initial user namespace, 0 to
 * NS_NO_ID - 1.
 */
#ifndef HF_NINEP_CONFIG_CORE_H
#define HF_NINEP_CONFIG_CORE_H

#if defined(__KERNEL__) && !defined(__cplusplus)
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* sun_path without its NUL. */
#define NS_PATH_MAX 107
/* No uid and no gid: (uid_t)-1, a Tattach's n_uname that says nothing. */
#define NS_NO_ID ((uint32_t)0xffffffff)
/* The groups that one write can name. */
#define NS_USER_GROUPS 2048

/* What is wrong with a text; ns_fault_text() has the words. */
enum ns_fault {
	NS_GOOD = 0,
	NS_NO_FAMILY,
	NS_BAD_IP,
	NS_BAD_IP_PORT,
	NS_BAD_VSOCK_PORT,
	NS_PATH_NOT_ABSOLUTE,
	NS_PATH_TOO_LONG,
	NS_PATH_HAS_NUL,
	NS_BAD_CLIENT,
	NS_BAD_PREFIX,
	NS_HOST_BITS,
	NS_BAD_CID,
	NS_BAD_UID,
	NS_BAD_GID,
	NS_NO_GROUP,
	NS_TOO_MANY_GROUPS,
	NS_NO_NUMBER,
	NS_TOO_SMALL,
	NS_TOO_LARGE,
	NS_BAD_SQUASH,
	NS_NR_FAULTS,
};

/* For the line in the log, after the name of what was written: "the port is ...". */
const char *ns_fault_text(enum ns_fault fault);

/* Bytes, without a NUL behind them. */
struct ns_text {
	const char *at;
	uint32_t length;
};

/* What was written, but for the newline of echo. */
struct ns_text ns_written(const char *at, uint32_t length);

/**
 * ns_next_word - the next item of a list
 * @rest: the list, from which it is taken
 * @word: filled
 *
 * Items are apart by blanks, tabs, newlines or commas.
 * Return: false if there is none.
 */
bool ns_next_word(struct ns_text *rest, struct ns_text *word);

/* ----------------------------------------------------------------- addresses */

enum ns_family {
	NS_NO_PEER = 0,
	NS_INET,
	NS_INET6,
	NS_VSOCK,
	NS_UNIX,
};

/* An address of a network or of a machine; of what is not of @family, zero. */
struct ns_ip {
	uint8_t family;		/* enum ns_family */
	uint8_t bytes[16];	/* in network order: 4 of NS_INET, 16 of NS_INET6 */
};

/* Where a listener listens. */
struct ns_address {
	struct ns_ip ip;
	uint32_t port;		/* of NS_INET, NS_INET6, NS_VSOCK */
	struct ns_text path;	/* of NS_UNIX: in what was written */
};

/**
 * ns_parse_address - a listener's address
 * @text: "tcp:ADDRESS:PORT" (with [] around one of IPv6), "unix:PATH", "vsock:PORT"
 * @address: filled
 *
 * Return: NS_GOOD or what is wrong.
 */
enum ns_fault ns_parse_address(struct ns_text text, struct ns_address *address);

/* ------------------------------------------------------------------- clients */

/* Those whom one item lets in. */
struct ns_client {
	struct ns_ip ip;
	uint8_t prefix;		/* bits of @ip that count; of NS_VSOCK: 0 is every cid */
	uint32_t cid;
};

/* Who has connected. */
struct ns_peer {
	struct ns_ip ip;
	uint32_t cid;		/* of NS_VSOCK */
};

/**
 * ns_parse_client - an item of the list of clients
 * @text: an address, or a network "ADDRESS/BITS", of IPv4 or IPv6; "cid:N", "cid:any";
 *	"unix", for everybody who may open the listener's socket file
 * @client: filled; of an IPv6 address that maps one of IPv4, that one
 *
 * Return: NS_GOOD or what is wrong.
 */
enum ns_fault ns_parse_client(struct ns_text text, struct ns_client *client);

/**
 * ns_client_matches - does this item let that peer in?
 * @client: the item
 * @peer: the peer; ::ffff:a.b.c.d is a.b.c.d, and no address of IPv6
 *
 * Return: whether it does.
 */
bool ns_client_matches(const struct ns_client *client, const struct ns_peer *peer);

/* -------------------------------------------------------------- users and ids */

/* A user and its groups, the first of which is its own (fsgid). */
struct ns_user {
	uint32_t uid;
	uint32_t nr_groups;	/* 0: the user is to be removed */
	uint32_t *groups;	/* the caller's */
};

/**
 * ns_parse_user - a write to the table of users
 * @text: "UID GID[,GID...]" or "-UID"
 * @room: how many groups @user->groups has room for; NS_USER_GROUPS is enough for a
 *	write of 4,095 bytes
 * @user: filled, but for the place of its groups
 *
 * Return: NS_GOOD or what is wrong; groups may have been filled in all the same.
 */
enum ns_fault ns_parse_user(struct ns_text text, uint32_t room, struct ns_user *user);

/**
 * ns_parse_count - a number, for limits, flags and anonymous ids
 * @text: the number
 * @min: the smallest that is good
 * @max: the largest
 * @value: filled
 *
 * Return: NS_GOOD, NS_NO_NUMBER, NS_TOO_SMALL or NS_TOO_LARGE.
 */
enum ns_fault ns_parse_count(struct ns_text text, uint64_t min, uint64_t max,
			     uint64_t *value);

enum ns_squash {
	NS_SQUASH_ROOT = 0,
	NS_SQUASH_ALL,
	NS_SQUASH_NONE,
};

/**
 * ns_parse_squash - "root", "all" or "none"
 * @text: the word
 * @squash: filled
 *
 * Return: NS_GOOD or NS_BAD_SQUASH.
 */
enum ns_fault ns_parse_squash(struct ns_text text, enum ns_squash *squash);

/* Who acts; ids are valid, or NS_NO_ID. */
struct ns_ids {
	uint32_t uid;
	uint32_t gid;
	uint32_t nr_groups;
	uint32_t *groups;	/* the caller's */
};

/**
 * ns_squash_ids - as whom a user acts
 * @ids: what the client says, and what is known of it; changed in place
 * @squash: how
 * @anon_uid: the uid of nobody
 * @anon_gid: its gid
 *
 * NS_SQUASH_ROOT puts nobody's in the place of uid 0 and gid 0, wherever they are;
 * NS_SQUASH_ALL in the place of all, and leaves no groups.  NS_NO_ID is always
 * replaced, and a user who is nobody for want of an id has nobody's gid, and no
 * groups.  (As nfsd does it, whose users have ids.)  The groups keep their order;
 * groups_sort() is the caller's.
 */
void ns_squash_ids(struct ns_ids *ids, enum ns_squash squash, uint32_t anon_uid,
		   uint32_t anon_gid);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* HF_NINEP_CONFIG_CORE_H */
