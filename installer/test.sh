#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Installs what is missing, builds, and runs every test.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
./installer/install-packages.sh
cmake --preset release -DBUILD_TESTING=ON
cmake --build --preset release
exec ctest --preset release
