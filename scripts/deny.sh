#!/usr/bin/env bash
# Checks the dependencies with cargo-deny, which is built once if it is missing.
# Bans, licences and sources are strict. Advisories are strict too, but an advisory database that
# can't be reached is said, not failed: a build must not depend on somebody else's server.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
if ! cargo deny --version >/dev/null 2>&1; then
  echo "deny: building cargo-deny $version (once, some minutes)" >&2
  # Unoptimized: it is used for seconds, and optimizing it takes minutes.
  cargo install --locked --debug cargo-deny --version "$version"
fi

cargo deny --locked check bans licenses sources

if timeout 120 cargo deny --locked fetch db; then
  cargo deny --locked check --disable-fetch advisories
else
  echo "deny: the advisory database can't be reached; advisories were NOT checked" >&2
fi
