/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the server's, and delegations that the clients have of them. */
#ifndef DELEG_H
#define DELEG_H

#include "play.h"

#define OLD "what the server wrote"
#define NEW "what the client wrote"
#define READ_LINE "DELEG-ACTIVE-READ-?"
#define WRITE_LINE "DELEG-ACTIVE-WRITE-?"

struct file {
	char name[60];		/* below each mount */
	char path[180];		/* on the server */
	struct stat st;		/* there */
};

extern const char *local;	/* the directory on the server */

int open_at(struct agent *agent, int slot, const char *dir, const struct file *file,
	    int flags);
/* Are these the lease lines of the file? */
bool shows(const struct file *file, const char *want);
/* A new file with a delegation of the agent, which has it open in slot. */
bool delegated(struct agent *agent, int slot, const char *dir, bool write,
	       struct file *file);

int call_read(struct call *call);	/* slot, into path */
int call_write(struct call *call);	/* slot, path */

#endif /* DELEG_H */
