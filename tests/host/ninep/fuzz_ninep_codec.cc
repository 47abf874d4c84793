// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fuzz target of the codec.  An input is frames one behind the other, decoded by
 * the codec and by the model; or decisions, from which messages are made up, spoiled
 * and encoded.  A difference aborts.
 */
#include "compare.hpp"
#include "reach.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv);

namespace {

uint64_t accepted[256], refused[256];

void check_reach()
{
	bool all = true;

	for (int type = 0; type < 256; type++) {
		if (!model::known(type, NP_HF1))
			continue;
		all &= reach::need(accepted[type], "accepted", type);
		all &= reach::need(refused[type], "refused", type);
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
		(status == NP_OK ? accepted : refused)[m.type]++;
		if (status == NP_OK)
			again(m, data, dialect);
		if (m.size < 7 || m.size > size)
			return;
		data += m.size;
		size -= m.size;
	}
}

void entries(const uint8_t *data, size_t size)
{
	model::exact input(data, size);
	model::reader r { input.at.get(), input.at.get() + size };
	np_entry_attr got, wanted;
	np_status expected = NP_BEYOND, status;
	uint32_t used;

	try {
		model::entry(r, wanted);
		expected = r.refused;
	} catch (np_status fault) {
		expected = fault;
	}
	status = np_entry_attr_decode(input.at.get(), size, &got, &used);
	REQUIRE(status == expected, "%d, not %d", status, expected);
	REQUIRE(used == (status == NP_OK ? r.at - input.at.get() : 0));
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
	case 2: entries(data + 1, size - 1); break;
	case 3: {
		world::bytes from(data + 1, size - 1);

		invented(from, dialect);
		break;
	}
	default: frames(data + 1, size - 1, dialect);
	}
	return 0;
}
