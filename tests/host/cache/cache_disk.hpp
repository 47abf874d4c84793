/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A filesystem that loses what was not synced.  An object's file is its header, byte for
 * byte, and its data, of which a cell of 16 KiB is one number: where it is from.  A write is
 * seen at once, and reaches the disk with an fsync, or before by itself, in any order; at a
 * power cut each one that has not may have, and one of a header as far as any byte.
 */
#ifndef HF_TESTS_CACHE_DISK_HPP
#define HF_TESTS_CACHE_DISK_HPP

#include <algorithm>
#include <cstring>
#include <vector>

#include "netfs_core.h"
#include "../reach.hpp"
#include "../source.hpp"

namespace cache_world {

using ::world::source;

constexpr int64_t CELL = 16384;

struct disk_write {
	int slot;			/* -1: of data */
	size_t cell;
	uint32_t token;
	std::vector<uint8_t> bytes;
};

/* A header that was written: what it vouches for. */
struct said {
	uint64_t sequence = 0;
	std::vector<bool> granules;
};

struct file {
	rc_key key;
	std::vector<uint32_t> view, disk;
	std::vector<uint8_t> head = std::vector<uint8_t>(RC_SLOTS), head_disk = head;
	uint64_t length = 0, length_disk = 0;
	std::vector<disk_write> pending;
	bool failed = false;		/* write-back has, and nobody was told yet (errseq_t) */
	said last, safe;		/* written; on disk for certain */

	explicit file(const rc_key &k)
		: key(k), view((k.size + CELL - 1) / CELL), disk(view.size())
	{
	}

	void extend(uint64_t to) { length = std::max(length, to); }

	void write_cell(size_t cell, uint32_t token)
	{
		view[cell] = token;
		/* It is one page: of two writes that wait the second one is written. */
		std::erase_if(pending, [&](const disk_write &w) { return w.slot < 0 && w.cell == cell; });
		extend(RC_DATA + std::min<uint64_t>((cell + 1) * CELL, key.size));
		pending.push_back({ -1, cell, token, {} });
	}

	void write_slot(uint32_t place, const uint8_t *bytes, size_t len)
	{
		std::copy(bytes, bytes + len, head.begin() + place);
		extend(RC_SLOTS);
		pending.push_back({ static_cast<int>(place / RC_SLOT), 0, 0, { bytes, bytes + len } });
	}

	void reaches(const disk_write &w, size_t bytes)
	{
		if (w.slot < 0) {
			disk[w.cell] = w.token;
			length_disk = std::max(length_disk, RC_DATA +
					       std::min<uint64_t>((w.cell + 1) * CELL, key.size));
			return;
		}
		bytes = std::min(bytes, w.bytes.size());
		std::copy_n(w.bytes.begin(), bytes, head_disk.begin() + w.slot * RC_SLOT);
		length_disk = std::max<uint64_t>(length_disk, w.slot * RC_SLOT + bytes);
	}

	/* The first @count, and any of the others. */
	void synced(size_t count, source &from)
	{
		std::vector<disk_write> left;

		for (size_t i = 0; i < pending.size(); i++) {
			if (i < count || from.pick(2))
				reaches(pending[i], pending[i].bytes.size());
			else
				left.push_back(std::move(pending[i]));
		}
		pending = std::move(left);
		length_disk = std::max(length_disk, pending.empty() ? length : 0);
	}

	/* Write-back of any: it reaches the disk, or never will, and the file knows. */
	void write_back(source &from, bool fails)
	{
		if (pending.empty())
			return;
		size_t n = from.pick(std::min<size_t>(pending.size(), 250));
		disk_write w = std::move(pending[n]);

		pending.erase(pending.begin() + n);
		if (!fails) {
			reaches(w, w.bytes.size());
			return;
		}
		failed = true;
		/* The page is clean now, and may have been read anew before anybody looks. */
		if (w.slot < 0 && from.pick(2))
			view[w.cell] = disk[w.cell];
	}

	/* fsync fails: some of it is lost. */
	void lost(source &from)
	{
		failed = true;
		while (!pending.empty())
			write_back(from, from.pick(2));
	}

	void power_cut(source &from)
	{
		for (const disk_write &w : pending) {
			if (w.slot < 0 && from.pick(2))
				reaches(w, 0);
			if (w.slot >= 0)
				reaches(w, from.pick(4) ? from.pick(16) * 256 + from.pick(256) :
							  w.bytes.size() * from.pick(2));
		}
		pending.clear();
		if (length > length_disk && from.pick(2))
			length_disk = length;
		view = disk;
		head = head_disk;
		length = length_disk;
		failed = false;
		last = safe;
	}
};

} // namespace cache_world

#endif /* HF_TESTS_CACHE_DISK_HPP */
