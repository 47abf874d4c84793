/* SPDX-License-Identifier: GPL-2.0-only */
/* What every run of the session's world has to meet. */
#ifndef HF_TESTS_SESSION_REACH_HPP
#define HF_TESTS_SESSION_REACH_HPP

#include "../reach.hpp"

#define SESSION_REACH                                                                  \
	{ "begun", 9 }, { "answered", 1 }, { "flushes", 2 }, { "mute", 1 }, { "room", 1 }, \
	{ "quiet", 1 }, { "version", 1 }, { "parking", 4 }, { "waking", 2 },               \
	{ "wake of state", 2 }, { "wake on", 1 }, { "cancel", 1 }, { "reserve", 3 },       \
	{ "find", 1 }, { "put", 1 }, { "clunk", 1 }, { "clunk in use", 1 },                \
	{ "clunk state", 4 }, { "fault of state", 3 }, { "fault", 0 },                      \
	{ "refused beside one that runs", 1 }, { "again, and all are taken", 1 },          \
	{ "fewer places", 1 }

#endif /* HF_TESTS_SESSION_REACH_HPP */
