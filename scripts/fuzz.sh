#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (60), or the named ones: scripts/fuzz.sh filter path
# What is new stays under target/fuzz-corpus; an input that breaks something is written to
# fuzz/artifacts and named at the end. Put it into fuzz/corpus, which `make test` replays, and mend it.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60}
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "fuzz: there is no nightly toolchain. Get it by: rustup toolchain install nightly" >&2
  exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "fuzz: cargo-fuzz isn't there. Get it by: cargo install --locked cargo-fuzz" >&2
  exit 1
fi

targets=("$@")
[ "${#targets[@]}" -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
failed=()
for target in "${targets[@]}"; do
  echo "fuzz: $target for $seconds s" >&2
  corpus=$PWD/target/fuzz-corpus/$target
  mkdir -p "$corpus"
  cargo +nightly fuzz run --sanitizer none "$target" "$corpus" "$PWD/fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=8192 -print_final_stats=1 ||
    failed+=("$target")
done
if [ "${#failed[@]}" -gt 0 ]; then
  echo "fuzz: something was found by ${failed[*]}: see fuzz/artifacts" >&2
  exit 1
fi
