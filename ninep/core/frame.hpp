/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF_NINEP_FRAME_HPP
#define HF_NINEP_FRAME_HPP

#include "ninep_core.h"

namespace np {

[[nodiscard]] np_step next_step(const np_frame &frame);

/* Commit what next_step() has said; false if it has not. */
[[nodiscard]] bool received(np_frame &frame, uint32_t bytes);
[[nodiscard]] bool move(np_frame &frame);
[[nodiscard]] bool accept(np_frame &frame, uint32_t room);
[[nodiscard]] bool taken(np_frame &frame);

/* Of the message that next_step() says is whole. */
[[nodiscard]] bool agree(np_frame &frame, np_dialect dialect, uint32_t msize);

} // namespace np

#endif /* HF_NINEP_FRAME_HPP */
