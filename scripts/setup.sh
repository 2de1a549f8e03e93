#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, and only those that are missing.
# Safe to run again and again: with everything in place it is silent and touches nothing.
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }

# What is looked for, and the package that brings it.
packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need gcc gcc
need g++ g++
need make make
need cmake cmake
need pkg-config pkg-config
need curl curl
# The C library's headers come with no command of their own; bundled SQLite and aws-lc need them.
[ -e /usr/include/stdlib.h ] || packages+=(libc6-dev)
# The second engine, for the tests on it.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
# Microsoft's SDKs and schemathesis, which the suite judges by.
need python3 python3
need node nodejs
need npm npm
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || packages+=(python3-venv)
# The browser that tests of the web apps drive.
need chromium chromium
# A shifted clock, for the tests of tokens and deadlines.
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || packages+=(libfaketime)

if [ "${#packages[@]}" -gt 0 ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    say "missing: ${packages[*]} (names of Debian packages). There is no apt-get here: install their equivalents and run this again."
    exit 1
  fi
  if [ "$(id -u)" -eq 0 ]; then
    as_root=()
  elif command -v sudo >/dev/null 2>&1; then
    as_root=(sudo)
  else
    say "missing: ${packages[*]}. Run this as root: apt-get install -y ${packages[*]}"
    exit 1
  fi
  say "installing ${packages[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi

if ! command -v cargo >/dev/null 2>&1; then
  say "cargo isn't on the PATH. Install Rust (https://rustup.rs), open a new shell and run this again."
  exit 1
fi
for component in rustfmt clippy; do
  if ! cargo "${component/rust/}" --version >/dev/null 2>&1; then
    command -v rustup >/dev/null 2>&1 || { say "cargo has no $component: install it beside your Rust and run this again."; exit 1; }
    say "adding $component"
    rustup component add "$component"
  fi
done
