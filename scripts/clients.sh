#!/usr/bin/env bash
# Installs the clients that the black-box suite judges the server by, at the versions that
# crates/e2e/clients fixes, into target/clients: Microsoft's SDKs for Python and JavaScript, Authlib,
# openid-client and oauth4webapi, and schemathesis. With everything in place it is silent and touches
# nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

from=$PWD/crates/e2e/clients
to=${CARGO_TARGET_DIR:-$PWD/target}/clients
fixed=$(cat "$from/python/requirements.txt" "$from/javascript/package-lock.json" | sha256sum)

is_there() { [ "$(cat "$to/fixed" 2>/dev/null)" = "$fixed" ]; }
if is_there; then
  exit 0
fi
# Another run may be at it: that is waited for.
mkdir -p "$(dirname "$to")"
exec 9>"$to.lock"
flock 9
if is_there; then
  exit 0
fi
echo "clients: installing the SDKs and schemathesis (once, a minute or two)" >&2
rm -rf "$to"
mkdir -p "$to/javascript"
python3 -m venv "$to/python"
"$to/python/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps \
  --requirement "$from/python/requirements.txt"
cp "$from/javascript/package.json" "$from/javascript/package-lock.json" "$to/javascript/"
(cd "$to/javascript" && npm ci --silent --ignore-scripts --no-audit --no-fund)
printf '%s\n' "$fixed" >"$to/fixed"
