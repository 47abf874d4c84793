// SPDX-License-Identifier: GPL-2.0-only
/* The open files of a link, each of which is closed once; see link.hpp. */
#include "link.hpp"

bool lo_file_add(struct lo_link *link, struct lo_file *file)
{
	if (link->taken)
		return false;
	*file = lo_file {};
	file->link = link;
	file->client = true;
	lo::files::link(link->files, *file);
	return true;
}

/* With a reference the list cannot have been taken, and without one it will be. */
enum lo_leave lo_file_leave(struct lo_file *file, bool has_reference)
{
	lo_link *link = file->link;

	if (!file->client || (has_reference && (!link || link->taken)))
		return LO_LEAVE_INVALID;
	file->client = false;
	if (!link)
		return LO_LEAVE_FREE;
	if (!has_reference)
		return LO_LEAVE_WORK;
	lo::files::unlink(*file);
	file->link = nullptr;
	return LO_LEAVE_CLOSE;
}

bool lo_link_closed(struct lo_link *link, struct lo_file *file)
{
	if (!link->closing || link->files != file)
		return false;
	link->closing = false;
	lo::files::unlink(*file);
	file->link = nullptr;
	return !file->client;
}
