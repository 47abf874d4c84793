/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a case of lease_cases.h, in the language that includes this. */
#ifndef HF_TESTS_LEASE_RUN_H
#define HF_TESTS_LEASE_RUN_H

#include "lease_cases.h"

struct lease_stage {
	struct ls_table table;
	struct ls_grant layouts[16], leases[16];
	struct ls_pin pins[8];
	struct ls_change changes[LEASE_HOLDERS + 1];
	unsigned int nr_layouts, nr_leases, nr_pins;
};

/* Four letters: of the events of a batch, or of the layouts of a table. */
static inline void lease_told(const struct ls_batch *batch, char *letters)
{
	const struct ls_grant *g;

	memcpy(letters, "....", 5);
	for (g = batch->first; g; g = g->told_next)
		letters[g->holder - 1] = "GCBTDRO"[g->event];
}

static inline void lease_layouts(const struct ls_table *table, char *letters)
{
	const struct ls_grant *g;

	memcpy(letters, "....", 5);
	for (g = table->layouts; g; g = g->next)
		letters[g->holder - 1] = "?h?br"[g->state];
}

static inline bool lease_same(const char *letters, const char *expected)
{
	size_t n = expected ? strlen(expected) : 0;

	return (!n || !memcmp(letters, expected, n)) && !strcmp(letters + n, &"...."[n]);
}

static inline void lease_both(struct lease_stage *stage, const struct lease_step *s,
			      struct ls_batch *batch)
{
	int kind;

	for (kind = LS_LEASE; kind <= LS_DELEGATION; kind++) {
		struct ls_grant *lease = &stage->leases[stage->nr_leases++];

		lease->kind = (uint8_t)kind;
		lease->holder = s->who;
		lease->owner = 1000 + (uint64_t)kind;
		ls_lease_granted(&stage->table, lease, (enum ls_type)s->type, batch);
	}
}

static inline enum ls_answer lease_unpin(struct lease_stage *stage, const struct lease_step *s)
{
	struct ls_pin *pin = ls_pin_find(&stage->table, s->who, (uint64_t)s->start);

	if (!pin)
		return LS_DENIED;
	ls_pin_remove(&stage->table, pin);
	return pin->in_table || pin->at ? LS_INVALID : LS_OK;
}

/* All that was the holder's is idle now, and says that it was the holder's. */
static inline enum ls_answer lease_release(struct lease_stage *stage, uint64_t who,
					   struct ls_batch *batch)
{
	struct ls_leavings left = ls_release(&stage->table, who, batch);
	struct ls_grant *g;
	struct ls_pin *p;

	for (g = left.grants; g; g = g->next)
		if (g->holder != who || g->state != LS_IDLE || g->at)
			return LS_INVALID;
	for (p = left.pins; p; p = p->next)
		if (p->holder != who || p->in_table || p->at)
			return LS_INVALID;
	for (g = stage->table.leases; g; g = g->next)
		if (g->holder == who)
			return LS_INVALID;
	return LS_OK;
}

static inline enum ls_answer lease_do(struct lease_stage *stage, const struct lease_step *s,
				      struct ls_batch *batch)
{
	struct ls_wish wish = { s->who, s->start, s->end, s->now, s->type, { 0 } };
	struct ls_change *change = &stage->changes[s->who];
	struct ls_table *table = &stage->table;
	struct ls_grant *spare = &stage->layouts[stage->nr_layouts];
	struct ls_pin *pin = &stage->pins[stage->nr_pins];
	enum ls_answer answer = LS_OK;

	switch (s->verb) {
	case LV_DONE:
		break;
	case LV_SET:
		answer = ls_layout_set(table, &wish, spare, batch);
		stage->nr_layouts += spare->state != LS_IDLE;
		break;
	case LV_SET_BARE:
		return ls_layout_set(table, &wish, NULL, batch);
	case LV_LOOK:
		return ls_layout_of(table, s->who, s->now, batch) ? LS_OK : LS_DENIED;
	case LV_RETURN:
		return ls_layout_return(table, s->who, batch) ? LS_OK : LS_DENIED;
	case LV_PIN:
		pin->id = stage->nr_pins + 1;
		answer = ls_pin_add(table, &wish, pin, batch);
		stage->nr_pins += answer == LS_OK;
		break;
	case LV_UNPIN:
		return lease_unpin(stage, s);
	case LV_BEGIN:
		change->holder = s->who;
		change->start = s->start;
		change->end = s->end;
		return ls_change_begin(table, change);
	case LV_BREAK:
		return ls_change_break(table, change, s->now, LEASE_CASE_BREAK_MS, batch);
	case LV_BREAK_SLOWLY:
		return ls_change_break(table, change, s->now, 0, batch);
	case LV_END:
		ls_change_end(table, change);
		break;
	case LV_LEASE:
		lease_both(stage, s, batch);
		break;
	case LV_RELEASE:
		return lease_release(stage, s->who, batch);
	}
	return answer;
}

static inline const char *lease_case_run(unsigned int index, unsigned int *step)
{
	const struct lease_case *c = &lease_cases[index];
	static struct lease_stage stage;	/* too large for a kernel's stack */
	char letters[5];
	unsigned int i;

	memset(&stage, 0, sizeof(stage));
	for (i = 0; i < 12 && c->steps[i].verb != LV_DONE; i++) {
		const struct lease_step *s = &c->steps[i];
		struct ls_batch batch = { NULL, NULL };

		*step = i;
		if (lease_do(&stage, s, &batch) != s->answer)
			return c->name;
		lease_told(&batch, letters);
		if (!lease_same(letters, s->told))
			return c->name;
		lease_layouts(&stage.table, letters);
		if (!lease_same(letters, s->layouts) || ls_validate(&stage.table))
			return c->name;
	}
	return NULL;
}

/* Sizes and places that both languages must agree on. */
static inline unsigned int lease_size(unsigned int which)
{
	const unsigned int sizes[] = {
		sizeof(struct ls_grant), sizeof(struct ls_pin), sizeof(struct ls_change),
		sizeof(struct ls_wish), sizeof(struct ls_table), sizeof(struct ls_batch),
		sizeof(struct ls_leavings), offsetof(struct ls_grant, deadline),
		offsetof(struct ls_grant, event), offsetof(struct ls_pin, in_table),
		offsetof(struct ls_change, deadline), offsetof(struct ls_wish, type), 0,
	};

	return which < sizeof(sizes) / sizeof(sizes[0]) ? sizes[which] : 0;
}

#endif /* HF_TESTS_LEASE_RUN_H */
