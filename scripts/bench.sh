#!/usr/bin/env bash
# Measures, and writes docs/performance.md: all benches, or the one that is named with its options
# (`scripts/bench.sh mesh`, `scripts/bench.sh --quick`). Close other programs first: the figures are
# of this machine. With two cores, all takes less than ten minutes once everything is built.
set -euo pipefail
cd "$(dirname "$0")/.."
# The LDAP server beside which updates are measured. Debian starts no service where none is run.
if [ ! -x /usr/sbin/slapd ] && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slapd >&2
fi
# Keycloak, beside which signing in is measured: its distribution, by Maven.
keycloak=keycloak-26.7.3
if [ ! -d "target/$keycloak" ] && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  if ! command -v mvn >/dev/null || ! command -v unzip >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      maven default-jre-headless unzip >&2
  fi
  artifact=org.keycloak:keycloak-quarkus-dist:${keycloak#keycloak-}:zip
  if mvn -q dependency:get -Dartifact="$artifact" -Dtransitive=false >&2 \
    && mvn -q dependency:copy -Dartifact="$artifact" -DoutputDirectory=target >&2; then
    unzip -q "target/keycloak-quarkus-dist-${keycloak#keycloak-}.zip" -d target
  fi
fi
if [ -d "target/$keycloak" ]; then
  export KEYCLOAK_HOME="$PWD/target/$keycloak"
fi
cargo build --release --locked -p cli -p bench
# Beside a PostgreSQL that is as durable. Its directory is in PG_DIR, which has to be on a real disk.
export PG_FSYNC=on
exec scripts/with-postgres.sh cargo run --release --locked --quiet -p bench -- --out docs/performance.md "$@"
