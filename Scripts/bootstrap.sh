#!/usr/bin/env bash
# Installs what is needed beside Swift. Safe to run again and again; does nothing when all is there.
#   bootstrap.sh build   what a build needs: system libraries
#   bootstrap.sh test    that, and what tests need: redis-server, tools for file systems, Python clients in .venv
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-test}
# Where Debian keeps the tools for file systems, which a user's PATH may leave out.
export PATH="$PATH:/usr/sbin:/sbin"

if ! command -v swift >/dev/null; then
    echo "Swift 6.2 or newer is needed: see https://www.swift.org/install" >&2
    exit 1
fi

packages=()
pkg-config --exists libzstd 2>/dev/null || packages+=(pkg-config libzstd-dev)
pkg-config --exists zlib 2>/dev/null || packages+=(zlib1g-dev)
pkg-config --exists lmdb 2>/dev/null || packages+=(liblmdb-dev)
pkg-config --exists hiredis 2>/dev/null || packages+=(libhiredis-dev)
pkg-config --exists openssl 2>/dev/null || packages+=(libssl-dev)
installs_redis=false
if [ "$purpose" = test ]; then
    if ! command -v redis-server >/dev/null; then
        packages+=(redis-server)
        installs_redis=true
    fi
    command -v openssl >/dev/null || packages+=(openssl)
    command -v mkfs.ext4 >/dev/null || packages+=(e2fsprogs)
    command -v mkfs.vfat >/dev/null || packages+=(dosfstools)
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
fi

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

if ((${#packages[@]})); then
    if ! command -v apt-get >/dev/null; then
        echo "Install these with your package manager, or what it has in their place: ${packages[*]}" >&2
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        echo "These packages are missing, and without sudo only root can install them. As root, run:" >&2
        echo "    apt-get install ${packages[*]}" >&2
        exit 1
    fi
    # Debian starts the servers that it installs, now and at every boot. The tests start Redis servers of their own:
    # what is masked, or installed in runlevel 1, is not started; after that it is disabled.
    if $installs_redis && [ -d /run/systemd/system ]; then
        trap 'as_root systemctl --quiet unmask redis-server' EXIT
        as_root systemctl --quiet mask redis-server
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    if $installs_redis; then
        if [ -d /run/systemd/system ]; then
            as_root systemctl --quiet unmask redis-server
            trap - EXIT
            as_root systemctl --quiet disable redis-server || true
        elif command -v update-rc.d >/dev/null; then
            as_root update-rc.d redis-server disable || true
        fi
    fi
fi

[ "$purpose" = test ] || exit 0
requirements=Tests/EndToEnd/requirements.txt
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "The tests' Python clients need Python 3.11 or newer as python3; here it is $(python3 -V)." >&2
    exit 1
fi
if [ ! -x .venv/bin/pip ] || ! cmp -s "$requirements" .venv/requirements.txt; then
    [ -x .venv/bin/pip ] || python3 -m venv .venv
    .venv/bin/pip install -q --disable-pip-version-check -r "$requirements"
    cp "$requirements" .venv/requirements.txt
fi
