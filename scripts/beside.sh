#!/usr/bin/env bash
# Runs a command with what takes minutes on a fresh machine beside it: scripts/beside.sh make units …
# These are the clients that the suite needs later on, and the check of the dependencies, for which
# cargo-deny is built. Tests that wait for a database or a browser leave time over, and at the lowest
# priority both take hardly any other. (A process group of its own, but no session: Linux weighs
# sessions alike, whatever the priorities in them.) Fails if the command or the check fails; what the
# check has to say comes after the command. Whoever needs the clients installs what is still missing.
set -euo pipefail
set -m
cd "$(dirname "$0")/.."

said=$(mktemp)
{ scripts/clients.sh || true; scripts/deny.sh; } >"$said" 2>&1 &
beside=$!
renice -n 19 -g "$beside" >/dev/null
set +m
stop() {
  kill -- -"$beside" 2>/dev/null || true
  rm -f "$said"
}
trap stop EXIT

"$@"

passed=0
wait "$beside" || passed=$?
cat "$said" >&2
exit "$passed"
