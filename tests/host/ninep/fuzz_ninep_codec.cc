// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the codec.  An input is frames one behind the other, or an entry
 * of a directory, decoded by the codec and by the model, and encoded again; or
 * decisions, from which messages are made up, spoiled and encoded.  A difference
 * aborts.
 */
#include <algorithm>
#include <type_traits>

#include "compare.hpp"
#include "reach.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);

namespace {

/* Of decoded frames, by type; refused ones are sound. */
uint64_t accepted[256], refused[256], unsound[256];
/* Of entries, with attributes and without: by kind of status. */
uint64_t entry_accepted[2], entry_refused[2], entry_unsound[2];

void tell(np_status status, uint64_t &ok, uint64_t &sound, uint64_t &other)
{
	(status == NP_OK ? ok : np_is_sound(status) ? sound : other)++;
}

void check_reach()
{
	bool all = true;

	for (int type = 0; type < 256; type++) {
		if (!model::known(type, NP_HF1))
			continue;
		all &= reach::need(accepted[type], "accepted", type);
		all &= reach::need(unsound[type], "unsound", type);
		if (model::can_be_refused(type))
			all &= reach::need(refused[type], "refused", type);
	}
	for (int attributes : { 0, 1 }) {
		all &= reach::need(entry_accepted[attributes], "entry accepted", attributes);
		all &= reach::need(entry_refused[attributes], "entry refused", attributes);
		all &= reach::need(entry_unsound[attributes], "entry unsound", attributes);
	}
	reach::judge(all);
}

/* What was decoded is encoded as it was, but for Tfsync's short form. */
void again(const np_msg &m, const uint8_t *data, np_dialect dialect)
{
	model::frame bytes = model::write(m);

	REQUIRE(model::encode(m, dialect) == NP_OK, "type %d", m.type);
	if (m.type != NP_TFSYNC)
		REQUIRE(!std::memcmp(bytes.data(), data, bytes.size()), "type %d", m.type);
}

void frames(const uint8_t *data, size_t size, np_dialect dialect)
{
	while (size) {
		np_msg m;
		np_status status = model::decode(data, size, dialect, m);

		if (size < 7)
			return;
		/* A type that this dialect has not is refused for no field. */
		if (model::known(m.type, dialect))
			tell(status, accepted[m.type], refused[m.type], unsound[m.type]);
		if (status == NP_OK)
			again(m, data, dialect);
		if (m.size < 7 || m.size > size)
			return;
		data += m.size;
		size -= m.size;
	}
}

/* What can be read is encoded as it was, or refused for the same name. */
template <class entry>
void entry_again(const entry &e, const uint8_t *data, size_t size, np_status expected)
{
	model::exact out(data, size);
	uint32_t used;

	std::memset(out.at.get(), 0xa5, size);
	REQUIRE(model::encode_entry(e, out.at.get(), size - 1, &used) ==
		(expected == NP_OK ? NP_NO_ROOM : expected));
	REQUIRE(!used && std::count(out.at.get(), out.at.get() + size, 0xa5) == (ssize_t)size);
	REQUIRE(model::encode_entry(e, out.at.get(), size, &used) == expected);
	REQUIRE(used == (expected == NP_OK ? size : 0));
	REQUIRE(expected != NP_OK || !std::memcmp(out.at.get(), data, size));
}

template <class entry>
np_status one_entry(const uint8_t *data, size_t size)
{
	model::exact input(data, size);
	model::reader r { input.at.get(), input.at.get() + size };
	entry got, wanted;
	np_status expected, status;
	uint32_t used;

	try {
		model::entry(r, wanted);
		expected = r.refused;
	} catch (np_status fault) {
		expected = fault;
	}
	status = model::decode_entry(input.at.get(), size, &got, &used);
	REQUIRE(status == expected, "%d, not %d", status, expected);
	REQUIRE(used == (status == NP_OK ? r.at - input.at.get() : 0));
	if (status == NP_OK)
		REQUIRE(model::write_entry(got) == model::write_entry(wanted));
	if (np_is_sound(status))
		entry_again(wanted, data, r.at - input.at.get(), expected);
	return status;
}

template <class entry>
void entries(const uint8_t *data, size_t size)
{
	bool attributes = std::is_same_v<entry, np_entry_attr>;

	tell(one_entry<entry>(data, size), entry_accepted[attributes], entry_refused[attributes],
	     entry_unsound[attributes]);
}

void invented(world::bytes &from, np_dialect dialect)
{
	while (from.left()) {
		model::inventor inventor { from };
		np_msg m = {};

		m.type = from.pick(256);
		m.tag = inventor.number(16);
		model::body(inventor, m);
		if (from.pick(2)) {
			model::changer change(from.pick(24), inventor.number(64));

			model::body(change, m);
		}
		if (model::known(m.type, NP_HF1))
			model::encode(m, dialect);
	}
}

} // namespace

int LLVMFuzzerInitialize(int *, char ***)
{
	reach::at_exit(check_reach);
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;

	np_dialect dialect = *data & 1 ? NP_HF1 : NP_DOTL;

	switch (*data >> 1 & 3) {
	case 2:
		entries<np_entry>(data + 1, size - 1);
		entries<np_entry_attr>(data + 1, size - 1);
		break;
	case 3: {
		world::bytes from(data + 1, size - 1);

		invented(from, dialect);
		break;
	}
	default: frames(data + 1, size - 1, dialect);
	}
	return 0;
}
