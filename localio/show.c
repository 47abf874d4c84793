// SPDX-License-Identifier: GPL-2.0-only
/* /proc/fs/holdfast/localio: a line for each server, then one for each link. */
#include <linux/seq_file.h>

#include "localio.h"

static const char *server_state(const struct hf_localio_server *server)
{
	switch (server->core.state) {
	case LO_UP:
		return "up";
	case LO_STOPPING:
		return "stopping";
	default:
		return "stopped";
	}
}

static const char *link_state(const struct hf_localio_link *link)
{
	switch (link->core.state) {
	case LO_HOOKED:
		return link->core.client->state == LO_LINKED ? "linked" : "offered";
	case LO_KILLED:
		return "draining";
	default:
		return "closing";
	}
}

static u64 bytes_of(const struct hf_localio_link *link, bool write)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(link->bytes, cpu)->count[write]);
	return sum;
}

/* A link's server is there as long as the link is listed, and so is its table. */
static void show_link(struct seq_file *m, struct hf_localio_link *link)
{
	struct lo_client *client = link->core.client;

	seq_printf(m, "link %llu %s client %s server %s files %u read %llu written %llu age %lld ms\n",
		   link->id, link_state(link),
		   client ? hf_localio_client_of(client)->name : "-", link->ops->name,
		   READ_ONCE(link->nr_files), bytes_of(link, false), bytes_of(link, true),
		   ktime_ms_delta(ktime_get(), link->since));
}

int hf_localio_show(struct seq_file *m, void *v)
{
	struct hf_localio_server *server;
	struct hf_localio_link *link;

	spin_lock(&hf_localio_lock);
	list_for_each_entry(server, &hf_localio_servers, all)
		seq_printf(m, "server %s %s links %u\n", server->ops->name,
			   server_state(server), server->core.nr_links);
	list_for_each_entry(link, &hf_localio_links, all)
		show_link(m, link);
	spin_unlock(&hf_localio_lock);
	return 0;
}
