#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Installs the packages that building and testing need, as far as they are missing. Debian 12, Ubuntu 24.04 and newer.
set -euo pipefail

packages=(
    g++ cmake ninja-build pkg-config
    libopenblas-dev                                               # CPU linear algebra
    libsentencepiece-dev libpcre2-dev libutf8proc-dev             # tokenizers
    nlohmann-json3-dev libcli11-dev zlib1g-dev                    # JSON, command line, compressed texts
    qt6-base-dev qt6-svg-dev qt6-tools-dev qt6-l10n-tools         # window and tests
    libqcustomplot-dev                                            # plots
)

is_installed() {
    [[ "$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null)" == ii* ]]
}

as_root() {
    if [[ "$(id -u)" -eq 0 ]]; then
        env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
    elif command -v sudo >/dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
    else
        echo "Packages can only be installed by root, and sudo is not here." >&2
        return 1
    fi
}

explain_failure() {
    cat >&2 <<MESSAGE

These packages could not be installed:
    ${missing[*]}
Possible reasons: no network; no rights to install (run as root, or install sudo); another program is using apt; on
Ubuntu, the 'universe' component is off (sudo add-apt-repository universe). The lines above say which.
Once it is solved, run this script again, or install them by hand:
    apt-get install ${missing[*]}
MESSAGE
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This system has no apt. Install what these Debian packages hold, if it is not here yet:" >&2
    echo "    ${packages[*]}" >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi

echo "Installing: ${missing[*]}"
apt_options=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
# A failed update alone is no reason to stop: the lists that are here may do.
as_root apt-get "${apt_options[@]}" update || echo "The package lists could not be updated." >&2
if ! as_root apt-get "${apt_options[@]}" install --yes --no-install-recommends "${missing[@]}"; then
    explain_failure
    exit 1
fi
