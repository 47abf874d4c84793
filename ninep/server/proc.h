/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HF9_PROC_H
#define HF9_PROC_H

int hf9_proc_init(void);
void hf9_proc_exit(void);

#endif /* HF9_PROC_H */
