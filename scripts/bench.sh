#!/usr/bin/env bash
# Measures, and writes docs/performance.md. Close other programs first: the figures are of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --release --locked -p bench -- --out docs/performance.md "$@"
