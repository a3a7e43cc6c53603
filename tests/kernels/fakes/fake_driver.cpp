// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A driver that tells its version and does nothing else.
extern "C" __attribute__((visibility("default"))) int cuDriverGetVersion(int* version) {
    *version = FAKE_CUDA_VERSION;
    return 0;
}
