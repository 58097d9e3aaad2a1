#!/usr/bin/env bash
# Installs what the build and the tests need beside Swift: system libraries, and Python clients in .venv.
# Safe to run again and again; does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

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
command -v redis-server >/dev/null || packages+=(redis-server) # for the tests of RedisBus
command -v openssl >/dev/null || packages+=(openssl)
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
if ((${#packages[@]})); then
    if ! command -v apt-get >/dev/null; then
        echo "Install these libraries with your package manager: ${packages[*]}" >&2
        exit 1
    fi
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo="sudo"
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq "${packages[@]}" >/dev/null
fi

requirements=Tests/EndToEnd/requirements.txt
if [ ! -x .venv/bin/python ] || ! cmp -s "$requirements" .venv/requirements.txt; then
    python3 -m venv .venv
    .venv/bin/pip install -q --disable-pip-version-check -r "$requirements"
    cp "$requirements" .venv/requirements.txt
fi
