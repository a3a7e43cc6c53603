#!/bin/sh
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# record_resources.sh OBJECT COMMAND...: compiles, and keeps what ptxas says of registers and shared memory in OBJECT.resources, for
# the test of them; other messages are passed on.
object="$1"
shift
"$@" 2>"$object.messages"
status=$?
pattern='ptxas info|bytes stack frame|^Used [0-9]+ registers'
grep -E "$pattern" "$object.messages" >"$object.resources"
grep -vE "$pattern" "$object.messages" >&2
rm -f "$object.messages"
exit "$status"
