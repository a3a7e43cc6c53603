#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Installs what is missing, builds, and runs the main job on the bundled demo model: in the window where there is a
# display, else on the command line.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
prompt="Once upon a time there was a little fox who"

heading() {
    printf '\n== %s ==\n\n' "$*"
}

heading "Set-up and build"
./installer/install-packages.sh
# Kernels for the cards that are here (8.6 is 86 to the compiler); without one, the preset's.
cards="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | tr -d '. ' | awk '$1 >= 75' | sort -u | paste -sd ';' || true)"
cmake --preset release ${cards:+"-DCMAKE_CUDA_ARCHITECTURES=$cards"}
cmake --build --preset release --target programs
bin="$PWD/build/release/bin"

if [[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" && -x "$bin/gptq-studio" ]]; then
    exec "$bin/gptq-studio"
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
quantized="$work/quantized"

heading "Quantize the demo model: GPTQ, 4 bits, groups of 128"
"$bin/gptq" quantize demo --samples 128 --seq-len 512 --out "$quantized"

heading "Perplexity on held-out text: the original"
"$bin/gptq" eval demo
heading "Perplexity on held-out text: quantized"
"$bin/gptq" eval "$quantized" --text resources/demo/heldout.txt

heading "The same prompt continued: the original"
"$bin/gptq" generate demo --prompt "$prompt" --max-tokens 48
heading "The same prompt continued: quantized"
"$bin/gptq" generate "$quantized" --prompt "$prompt" --max-tokens 48

heading "Done"
echo "The result was temporary. To keep one:  build/release/bin/gptq quantize MODEL --calibration FILE --out FOLDER"
