// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "describe.h"

struct line {
	s64 start, end;
	char owner, type;
};

/* Records that start together are in no order of their own. */
static int compare(const void *a, const void *b)
{
	const struct line *one = a, *two = b;

	if (one->start != two->start)
		return one->start < two->start ? -1 : 1;
	return one->owner - two->owner;
}

static int write_line(char *text, size_t size, const struct line *line)
{
	if (line->end == LK_END)
		return scnprintf(text, size, "%c%c%lld-end", line->owner,
				 line->type, line->start);
	return scnprintf(text, size, "%c%c%lld-%lld", line->owner, line->type,
			 line->start, line->end);
}

void describe(char *text, const struct lk_table *table,
	      char (*name)(const void *context, u64 owner), const void *context)
{
	const struct lk_record *record;
	struct line lines[16];
	unsigned int count = 0, i;
	size_t at = 0;

	for (record = lk_first_record(table); record && count < ARRAY_SIZE(lines);
	     record = lk_next_record(record))
		lines[count++] = (struct line) {
			.start = record->start, .end = record->end,
			.owner = record->flags & LK_RESERVATION ? '~' :
				 record->flags & LK_PENDING ? '?' :
				 name(context, record->holder->owner),
			.type = record->type == LK_WRITE ? 'W' : 'R',
		};
	sort(lines, count, sizeof(lines[0]), compare, NULL);

	text[0] = '\0';
	for (i = 0; i < count; i++) {
		if (i)
			at += scnprintf(text + at, DESCRIPTION - at, " ");
		at += write_line(text + at, DESCRIPTION - at, &lines[i]);
	}
}
