/* SPDX-License-Identifier: GPL-2.0-only */
/* The codec beside the model; a difference aborts, for tests and the fuzzer alike. */
#ifndef HF_TESTS_NINEP_COMPARE_HPP
#define HF_TESTS_NINEP_COMPARE_HPP

#include <cstring>
#include <memory>

#include "visitors.hpp"

namespace model {

/* Bytes of their own, so that the first one behind them is found to be touched. */
struct exact {
	std::unique_ptr<uint8_t[]> at;
	size_t size;

	exact(const uint8_t *bytes, size_t size) : at(new uint8_t[size]), size(size)
	{
		if (size)
			std::memcpy(at.get(), bytes, size);
	}
};

inline void require_same(const np_msg &one, const np_msg &other)
{
	REQUIRE(one.size == other.size && one.type == other.type && one.tag == other.tag, "type %d",
		one.type);
	REQUIRE(one.payload.at == other.payload.at && one.payload.count == other.payload.count,
		"type %d", one.type);
	REQUIRE(write(one) == write(other), "type %d", one.type);
}

/* Decodes, as the model does. */
inline np_status decode(const uint8_t *bytes, size_t have, np_dialect dialect, np_msg &m)
{
	exact input(bytes, have);
	np_msg wanted;
	np_status status = np_decode(input.at.get(), have, dialect, &m);
	np_status expected = read(input.at.get(), have, dialect, wanted);

	REQUIRE(status == expected, "type %d: %d, not %d", wanted.type, status, expected);
	if (status == NP_OK)
		require_same(m, wanted);
	/* Its strings are to be the caller's. */
	REQUIRE(np_decode(bytes, have, dialect, &m) == status);
	if (have >= 7)
		REQUIRE(m.size == wanted.size && m.type == wanted.type && m.tag == wanted.tag,
			"type %d", wanted.type);
	return status;
}

inline np_status decode(const frame &bytes, np_dialect dialect)
{
	np_msg m;

	return decode(bytes.data(), bytes.size(), dialect, m);
}

/* Encodes: as the model writes, or refuses what decoding would refuse. */
inline np_status encode(const np_msg &m, np_dialect dialect)
{
	frame wanted = write(m);
	exact out(wanted.data(), wanted.size());
	np_msg again = {};
	np_built built;
	np_status status, expected = NP_UNKNOWN_TYPE;

	/* (The head alone, of a type that is unknown, would be cut short.) */
	if (known(m.type, dialect))
		expected = read(wanted.data(), wanted.size(), dialect, again);
	std::memset(out.at.get(), 0xa5, out.size);
	status = np_encode(&m, dialect, out.at.get(), out.size, &built);
	REQUIRE(status == expected, "type %d: %d, not %d", m.type, status, expected);
	if (status != NP_OK) {
		REQUIRE(!built.head && !built.size, "type %d", m.type);
		for (size_t i = 0; i < out.size; i++)
			REQUIRE(out.at[i] == 0xa5, "type %d", m.type);
		return status;
	}
	REQUIRE(built.head == wanted.size() && built.size == again.size, "type %d", m.type);
	REQUIRE(!std::memcmp(out.at.get(), wanted.data(), built.head), "type %d", m.type);
	return status;
}

/* An entry of a directory, whichever of the two. */
inline np_status encode_entry(const np_entry &e, void *buf, size_t room, uint32_t *used)
{
	return np_entry_encode(&e, buf, room, used);
}

inline np_status encode_entry(const np_entry_attr &e, void *buf, size_t room, uint32_t *used)
{
	return np_entry_attr_encode(&e, buf, room, used);
}

inline np_status decode_entry(const void *data, size_t have, np_entry *e, uint32_t *used)
{
	return np_entry_decode(data, have, e, used);
}

inline np_status decode_entry(const void *data, size_t have, np_entry_attr *e, uint32_t *used)
{
	return np_entry_attr_decode(data, have, e, used);
}

template <class entry_type>
frame write_entry(entry_type e)
{
	writer w;

	entry(w, e);
	return w.out;
}

inline np_dialect lowest(uint8_t type) { return is_dotl(type) ? NP_DOTL : NP_HF1; }

} // namespace model

#endif /* HF_TESTS_NINEP_COMPARE_HPP */
