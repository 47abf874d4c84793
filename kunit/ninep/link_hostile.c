// SPDX-License-Identifier: GPL-2.0-only
/* The link with a peer that breaks the rules, or goes away: how it ends, and that it does. */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/unaligned.h>
#include <net/scm.h>

#include "end.h"

/* Said again each time; and what is to be sent is told it as well. */
static void ended(struct kunit *test, struct end *end, int error,
		  enum np_frame_fault fault)
{
	KUNIT_EXPECT_EQ(test, end_receive_all(end), HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_error(&end->link), error);
	KUNIT_EXPECT_EQ(test, hf_link_fault(&end->link), fault);
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 9), HF_LINK_ENDED);
	end_send(end, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&end->sent), 1);
	KUNIT_EXPECT_EQ(test, end->error, error);
}

/* After message 0, @bytes bytes of message @number. */
static void closes_after(struct kunit *test, int family, unsigned int number, u32 bytes,
			 int error)
{
	struct message message;
	struct socket *raw;
	struct end *end = end_against_raw(test, family, NP_SERVER, &raw);

	message_make(&message, NP_SERVER, 0);
	raw_send_message(test, raw, &message, 0);
	message_make(&message, NP_SERVER, number);
	raw_send(test, raw, message.head, bytes);
	sock_release(raw);
	ended(test, end, error, NP_FRAME_OK);
	KUNIT_EXPECT_EQ(test, end->got, 1);
	KUNIT_EXPECT_EQ(test, end->wrong, number == 2 && bytes == 23);
	end_release(end);
}

/* (The payload message is the third, so that it is in the wrong place here.) */
static void closes(struct kunit *test)
{
	const struct family *family = test->param_value;

	closes_after(test, family->family, 1, 0, -ENODATA);
	closes_after(test, family->family, 1, 3, -EPIPE);
	closes_after(test, family->family, 1, 18, -EPIPE);
	closes_after(test, family->family, 2, 23, -EPIPE);
}

static void lie(struct kunit *test, enum np_side side, u32 size, u8 type, u32 count,
		enum np_frame_fault fault)
{
	struct message message = {};
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, side, &raw);

	put_unaligned_le32(size, message.head);
	message.head[4] = type;
	put_unaligned_le32(count, message.head + 7);
	put_unaligned_le32(count, message.head + 19);
	raw_send(test, raw, message.head, sizeof(message.head));
	ended(test, end, -EPROTO, fault);
	KUNIT_EXPECT_EQ(test, end->asked, 0);
	end_release(end);
	sock_release(raw);
}

static void lies(struct kunit *test)
{
	lie(test, NP_SERVER, 0, NP_TCLUNK, 0, NP_FRAME_SHORT);
	lie(test, NP_SERVER, 6, NP_TCLUNK, 0, NP_FRAME_SHORT);
	lie(test, NP_SERVER, 22, NP_TWRITE, 0, NP_FRAME_SHORT);
	lie(test, NP_SERVER, MSIZE + 1, NP_TWRITE, MSIZE + 1 - 23, NP_FRAME_LONG);
	lie(test, NP_SERVER, U32_MAX, NP_TCLUNK, 0, NP_FRAME_LONG);
	lie(test, NP_SERVER, NP_STAGE + 1, NP_TCLUNK, 0, NP_FRAME_UNFIT);
	lie(test, NP_SERVER, 11, NP_RCLUNK, 0, NP_FRAME_WRONG_WAY);
	lie(test, NP_CLIENT, 11, NP_TCLUNK, 0, NP_FRAME_WRONG_WAY);
	lie(test, NP_SERVER, 23 + 9, NP_TWRITE, 10, NP_FRAME_COUNT);
	lie(test, NP_CLIENT, 11 + 9, NP_RREAD, U32_MAX, NP_FRAME_COUNT);
}

/* More than was asked for: not a byte of it is written. */
static void too_much(struct kunit *test)
{
	struct message message;
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_CLIENT, &raw);

	end->got = 2;
	end->room = 4095;
	message_make(&message, NP_CLIENT, 2);
	raw_send_message(test, raw, &message, 2);
	ended(test, end, -EPROTO, NP_FRAME_TOO_MUCH);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(end->pages), 0xa5, PAGES_BYTES));
	KUNIT_EXPECT_EQ(test, end->got, 2);
	sock_release(raw);
}

/* Its user has found out. */
static void refused(struct kunit *test)
{
	unsigned int number;

	for (number = 0; number <= 2; number += 2) {
		struct message message;
		struct socket *raw;
		struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);

		end->verdict = HF_LINK_REFUSED;
		message_make(&message, NP_SERVER, number);
		raw_send_message(test, raw, &message, number);
		ended(test, end, -EPROTO, NP_FRAME_OK);
		KUNIT_EXPECT_EQ(test, end->asked, 1);
		sock_release(raw);
		end_release(end);
	}
}

/* Messages that are on their way, and that the peer will not read. */
static void gone_while_sending(struct kunit *test)
{
	const struct family *family = test->param_value;
	struct socket *raw;
	struct end *end = end_against_raw(test, family->family, NP_SERVER, &raw);
	unsigned int number;

	for (number = 0; number < 3000 && atomic_read(&end->sent) == number; number++)
		end_send(end, 20);
	KUNIT_EXPECT_LT(test, number, 3000);
	sock_release(raw);
	end_push(end, number);
	KUNIT_EXPECT_LT(test, end->error, 0);
	KUNIT_EXPECT_EQ(test, end->error, hf_link_error(&end->link));
	KUNIT_EXPECT_EQ(test, end_receive_all(end), HF_LINK_ENDED);
}

/*
 * The network refuses it, as it does memory of a slab (with a warning, so not here):
 * the link ends, and its user is told, for the socket is well.
 */
static void cannot_be_sent(struct kunit *test)
{
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);

	limit_sends(end, U32_MAX, 1, -EIO);
	atomic_set(&end->ready, 0);
	end_send(end, 2);
	KUNIT_EXPECT_EQ(test, end->error, -EIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&end->ready), 1);
	KUNIT_EXPECT_EQ(test, hf_link_receive(&end->link, 9), HF_LINK_ENDED);
	KUNIT_EXPECT_EQ(test, hf_link_error(&end->link), -EIO);
	sock_release(raw);
}

static struct completion closed;

static int note_close(struct inode *inode, struct file *file)
{
	complete(&closed);
	return 0;
}

static const struct file_operations noted = {
	.owner		= THIS_MODULE,
	.release	= note_close,
};

/* With a descriptor of a file that nothing else holds afterwards. */
static void send_with_file(struct kunit *test, struct socket *raw,
			   const struct message *message)
{
	struct file *file = anon_inode_getfile("hf_kunit", &noted, NULL, O_RDWR);
	int fd = get_unused_fd_flags(O_CLOEXEC);
	union {
		struct cmsghdr head;
		u8 room[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct kvec vec = { (void *)message->head, message->head_bytes };
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, file);
	control.head.cmsg_len = CMSG_LEN(sizeof(int));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	KUNIT_EXPECT_EQ(test, kernel_sendmsg(raw, &msg, &vec, 1, vec.iov_len),
			(int)vec.iov_len);
	close_fd(fd);
}

static void descriptors(struct kunit *test)
{
	struct message message;
	struct socket *raw;
	struct end *end = end_against_raw(test, AF_UNIX, NP_SERVER, &raw);

	init_completion(&closed);
	message_make(&message, NP_SERVER, 0);
	send_with_file(test, raw, &message);
	KUNIT_EXPECT_FALSE(test, try_wait_for_completion(&closed));
	message_make(&message, NP_SERVER, 1);
	raw_send_message(test, raw, &message, 1);
	end_receive(end, 2);
	KUNIT_EXPECT_EQ(test, end->got, 2);
	KUNIT_EXPECT_EQ(test, end->wrong, 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&closed, 60 * HZ), 0);
	sock_release(raw);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(closes, next_family),
	KUNIT_CASE(lies),
	KUNIT_CASE(too_much),
	KUNIT_CASE(refused),
	KUNIT_CASE_PARAM(gone_while_sending, next_family),
	KUNIT_CASE(cannot_be_sent),
	KUNIT_CASE(descriptors),
	{}
};

static struct kunit_suite suite = {
	.name = "hf_link_hostile",
	.test_cases = cases,
};

kunit_test_suite(suite);
