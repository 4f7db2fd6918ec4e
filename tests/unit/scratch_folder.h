/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
/* Makes a new folder the working directory until the test ends, which removes it. */
void enter_scratch_folder(void);
