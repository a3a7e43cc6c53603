// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

namespace gptq {

// Makes OpenBLAS keep working memory for so many threads that multiply at once. Throws Error where the system refuses it.
void reserveBlasBuffers(int threads);

}  // namespace gptq
