#!/usr/bin/env bash
# Runs a command with the check of the dependencies beside it: scripts/beside-deny.sh make units …
# Building cargo-deny takes minutes on a fresh machine. Tests that wait for a database or a browser
# leave these over, and at the lowest priority it takes hardly any others. (A process group of its
# own, but no session: Linux weighs sessions alike, whatever the priorities in them.) Fails if either
# fails; what the check has to say comes after the command.
set -euo pipefail
set -m
cd "$(dirname "$0")/.."

said=$(mktemp)
nice -n 19 scripts/deny.sh >"$said" 2>&1 &
deny=$!
set +m
stop() {
  kill -- -"$deny" 2>/dev/null || true
  rm -f "$said"
}
trap stop EXIT

"$@"

passed=0
wait "$deny" || passed=$?
cat "$said" >&2
exit "$passed"
