#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Checks and measures an installed folder on a machine with an NVIDIA GPU; lies in the folder's tests/. Logs and report.txt go to
# $OUT (default: ./gpu-report); the report is printed last. Exit status 1: something failed. To install such a folder:
#
#     cmake --install build/release --strip --prefix FOLDER
#     cmake --install build/release --strip --prefix FOLDER --component tests
# shellcheck disable=SC2046,SC2012 # the names are ours, without blanks
usage="Usage: gpu-check.sh [PART]...
    suites     the test programs of kernels and core
    demo       the demo model's table, quantized and measured on the GPU
    solve      large solves against float64, and CPU against GPU codes
    sm         the kernels' tests with the dispatch and limits of older cards (GPTQ_STUDIO_SM)
    paths      products of packed weights by every kernel that takes them (GPTQ_STUDIO_PRODUCTS)
    sanitize   compute-sanitizer: memcheck over the kernels' tests, racecheck over some of their cases
    window     the window through a demo run; pictures in \$OUT/pictures
    bench      kernels, decoding, prefill
    targets    what an H100 must reach, row by row; needs python3; on another card only when named
Without a part: all of them, in this order."
set -uo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out="${OUT:-$PWD/gpu-report}"
mkdir -p "$out/logs"
report="$out/report.txt"
gptq="$here/../bin/gptq"
device="${GPTQ_STUDIO_TEST_DEVICE:-cuda:0}"
failures=0

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export QTEST_FUNCTION_TIMEOUT=900000 QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR="$work" QT_LOGGING_RULES="qt.qpa.*=false"
chmod 700 "$work"

say() {
    printf '%s\n' "$*" | tee -a "$report"
}

heading() {
    say ""
    say "== $* =="
}

# The processors this process may use, one a line.
processors() {
    local part
    for part in $(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr ',' ' '); do
        seq "${part%-*}" "${part#*-}"
    done
}
# Where the loader of libraries does not look by itself.
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/cuda/lib64"
# shellcheck disable=SC2207 # numbers
cpus=($(processors))
export GPU_CHECK_CPUS="${cpus[*]}"

# one_test LOG_FOLDER SECONDS PROGRAM: runs it on two processors of its own; leaves PROGRAM.log and one line in PROGRAM.line.
one_test() {
    local folder="$1" seconds="$2" program="$3" name status totals word list
    name="$(basename "$program")"
    read -ra list <<<"$GPU_CHECK_CPUS"
    local at=$(((2 * SLOT) % ${#list[@]}))
    local begin=$SECONDS
    # shellcheck disable=SC2086 # GPU_CHECK_TOOL is a command line
    taskset -c "${list[at]},${list[(at + 1) % ${#list[@]}]}" timeout --kill-after=10 "$seconds" \
        ${GPU_CHECK_TOOL:-} "$program" -maxwarnings 0 >"$folder/$name.log" 2>&1 </dev/null
    status=$?
    totals="$(grep -a '^Totals:' "$folder/$name.log" | tail -1)"
    word=ok
    if [[ $status -eq 124 || $status -eq 137 ]]; then
        word="TIME"
    elif [[ $status -ne 0 || -z "$totals" ]]; then
        word="FAIL"
    fi
    printf '%-5s %-36s %4d s  status %-3d %s\n' "$word" "$name" "$((SECONDS - begin))" "$status" "$totals" >"$folder/$name.line"
}
export -f one_test

# suite LABEL SECONDS_EACH PROGRAM...: all of them, several at a time.
suite() {
    local label="$1" seconds="$2" folder="$out/logs/$1" begin=$SECONDS bad
    shift 2
    rm -rf "$folder"
    mkdir -p "$folder"
    printf '%s\0' "$@" | xargs -0 -n 1 -P "$((${#cpus[@]} > 3 ? ${#cpus[@]} / 2 : 1))" --process-slot-var=SLOT \
        bash -c "one_test '$folder' $seconds \"\$0\""
    cat "$folder"/*.line >"$folder/all.txt"
    bad=$(($# - $(grep -c '^ok' "$folder/all.txt")))
    say "$label: $# programs, $bad failed, $((SECONDS - begin)) s"
    if [[ $bad -gt 0 ]]; then
        failures=$((failures + bad))
        grep -v '^ok' "$folder/all.txt" | tee -a "$report"
        grep -ahE '^FAIL!|^XPASS|========= .*(Error|Invalid|hazard|Race)' "$folder"/*.log | cut -c1-200 | head -40 | tee -a "$report"
    fi
}

# check LABEL SECONDS COMMAND...: one command, its log, and whether it succeeded.
check() {
    local label="$1" seconds="$2" begin=$SECONDS status
    shift 2
    timeout --kill-after=10 "$seconds" "$@" >"$out/logs/$label.log" 2>&1 </dev/null
    status=$?
    if [[ $status -eq 0 ]]; then
        say "$label: ok, $((SECONDS - begin)) s"
    else
        say "$label: FAILED, status $status, $((SECONDS - begin)) s"
        tail -5 "$out/logs/$label.log" | cut -c1-300 | tee -a "$report"
        failures=$((failures + 1))
    fi
}

# The kernels' tests that use a device.
device_tests() {
    local name
    for name in attention elementwise gptq_refusals gptq_solve grids hessian linear_refusals linear memory op_refusals \
        packed_linear recorded_products recorded_blocks choice; do
        printf '%s\n' "$here/kernels_${name}_test"
    done
}

# The figures that tests of the QtTest kind tell about, without their decoration.
figures() {
    sed -nE 's/^QINFO *: *[A-Za-z0-9:]+\(([^)]*)\) (.*)$/  \1: \2/p; /^FAIL!/p' "$1" | cut -c1-160 | tee -a "$report"
}

part_suites() {
    heading "Suites"
    suite kernels 240 "$here"/kernels_*_test
    suite core 240 "$here"/core_*_test
}

part_demo() {
    heading "The demo model's table on $device"
    GPTQ_STUDIO_TEST_DEVICE="$device" check demo 400 "$here/app_demo_table_test"
    figures "$out/logs/demo.log"
}

part_solve() {
    local program="$here/bench_large_solve_test"
    heading "Solves against float64"
    if [[ ! -x "$program" ]]; then
        say "not in this folder"
        return
    fi
    check solve 400 "$program"
    figures "$out/logs/solve.log"
}

part_sm() {
    local sm
    heading "As on older cards"
    for sm in 75 80 86; do
        GPTQ_STUDIO_SM=$sm GPTQ_STUDIO_TEST_TARGETS=cuda suite "kernels-sm$sm" 240 $(device_tests)
        GPTQ_STUDIO_SM=$sm GPTQ_STUDIO_TEST_DEVICE="$device" check "demo-sm$sm" 120 \
            "$here/app_demo_table_test" "aRowOfTheTable:gptq 4-bit group 128"
        figures "$out/logs/demo-sm$sm.log"
    done
}

part_paths() {
    local path
    heading "By every path of products"
    for path in decode few fused dense; do
        GPTQ_STUDIO_PRODUCTS=$path GPTQ_STUDIO_TEST_TARGETS=cuda suite "kernels-$path" 240 "$here/kernels_packed_linear_test"
    done
}

part_sanitize() {
    local sanitizer
    heading "compute-sanitizer"
    sanitizer="$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer /usr/local/cuda*/compute-sanitizer/compute-sanitizer \
        2>/dev/null | head -1)"
    if [[ -z "$sanitizer" ]]; then
        say "compute-sanitizer is not on this machine"
        failures=$((failures + 1))
        return
    fi
    # Errors of the interface are the tests' own doing: memory that is more than the card has.
    GPTQ_STUDIO_TEST_TARGETS=cuda GPTQ_STUDIO_TEST_EVERY="${MEMCHECK_EVERY:-1}" \
        GPU_CHECK_TOOL="$sanitizer --tool memcheck --report-api-errors no --error-exitcode 86" suite memcheck 230 $(device_tests)
    GPTQ_STUDIO_TEST_TARGETS=cuda GPTQ_STUDIO_TEST_EVERY="${RACECHECK_EVERY:-5}" \
        GPU_CHECK_TOOL="$sanitizer --tool racecheck --error-exitcode 86" suite racecheck 230 $(device_tests)
}

part_window() {
    heading "The window"
    mkdir -p "$out/pictures"
    GPTQ_STUDIO_PICTURES="$out/pictures" check window 180 "$here/ui_pictures_test"
    figures "$out/logs/window.log"
    ls -l "$out/pictures" | awk 'NR > 1 { print "  " $9, $5 }' | tee -a "$report"
}

part_bench() {
    heading "Benchmarks"
    local shape="${BENCH_SHAPE:-llama-2-7b}" watcher=
    if command -v nvidia-smi >/dev/null; then
        nvidia-smi --query-gpu=clocks.sm,clocks.mem,power.draw,temperature.gpu --format=csv,noheader,nounits -l 2 \
            >"$out/logs/clocks.csv" 2>/dev/null &
        watcher=$!
    fi
    check bench-kernels 300 "$gptq" bench kernels --shape "$shape" --device "$device"
    check bench-decode 240 "$gptq" bench decode --shape "$shape" --device "$device"
    check bench-prefill 240 "$gptq" bench prefill --shape "$shape" --device "$device"
    if [[ -n "$watcher" ]]; then
        kill "$watcher"
        wait "$watcher" 2>/dev/null
        awk -F', *' '{ if ($1 > most) most = $1; if (!least || $1 < least) least = $1; if ($3 > power) power = $3 }
            END { print "SM clock", least, "to", most, "MHz, at most", power, "W" }' "$out/logs/clocks.csv" | tee -a "$report"
    fi
    cat "$out"/logs/bench-*.log | tee -a "$report"
}

# measured NAME SECONDS [bench OPTION]...: its rows as JSON, for part_targets.
measured() {
    local name="$1" seconds="$2"
    shift 2
    check "targets/$name" "$seconds" "$gptq" bench "$@" --device "$device" --json
    mv "$out/logs/targets/$name.log" "$out/logs/targets/$name.json"
}

part_targets() {
    local bits shape round contexts
    heading "Targets"
    if [[ $asked -eq 0 ]] && ! grep -q "^$device .*H100" <<<"$devices"; then
        say "left out: $device is no H100, whose speed they are; the part's name asks for them all the same"
        return
    fi
    rm -rf "$out/logs/targets"
    mkdir -p "$out/logs/targets"
    measured kernels 120 kernels --shape llama-2-7b:1 --tokens 1,16,64,256,2048
    # Shares of 4 bits' time: the same command for each, in turns, since runs differ by as much as a target may be missed by.
    for round in 1 2 3; do
        for bits in 4 3 2; do
            measured "one-token-$bits-bit-$round" 60 kernels --shape llama-2-7b:1 --tokens 1 --bits "$bits"
        done
    done
    for shape in llama-2-7b llama-3-8b smollm2-135m qwen2.5-7b llama-3-70b; do
        contexts=0,2048,8000
        [[ $shape != llama-2-7b ]] || contexts=0,2048  # its context is 4,096 tokens
        measured "decode-$shape" 120 decode --shape "$shape" --tokens "$contexts"
        GPTQ_STUDIO_SM=86 measured "decode-sm86-$shape" 120 decode --shape "$shape" --tokens "$contexts"
    done
    measured prefill-llama-2-7b 60 prefill --shape llama-2-7b --tokens 2048
    "$here/gpu-targets.py" "$out/logs/targets" 2>&1 | tee -a "$report"
    [[ ${PIPESTATUS[0]} -eq 0 ]] || failures=$((failures + 1))
}

parts=("$@")
asked=$#
[[ $asked -gt 0 ]] || parts=(suites demo solve sm paths sanitize window bench targets)
for part in "${parts[@]}"; do
    if ! declare -F "part_$part" >/dev/null; then
        printf '%s\n' "$usage" >&2
        exit 2
    fi
done

: >"$report"
say "$(date -u '+%Y-%m-%d %H:%M UTC'), $(uname -m), ${#cpus[@]} processors"
if command -v nvidia-smi >/dev/null; then
    say "$(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory --format=csv,noheader)"
fi
devices="$("$gptq" devices 2>&1)"
say "$devices"
if ! grep -q "^$device" <<<"$devices"; then
    say "FAILED: there is no $device here, so what follows says nothing about it"
    failures=$((failures + 1))
fi
for part in "${parts[@]}"; do "part_$part"; done
say ""
say "$failures failures, $SECONDS s"
[[ $failures -eq 0 ]]
