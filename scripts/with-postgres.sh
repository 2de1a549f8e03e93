#!/usr/bin/env bash
# Runs a command beside a PostgreSQL server of its own: scripts/with-postgres.sh cargo test …
# The server is Debian's, runs unprivileged on a free port in a new directory, and is stopped with the
# command's end; the directory goes behind that. Its role is no superuser, so that row-level security
# binds it. The command finds the database's address in TEST_DATABASE_URL.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ -z "$bin" ]; then
  echo "with-postgres: PostgreSQL isn't there. Run scripts/setup.sh first." >&2
  exit 1
fi

home=$(mktemp -d "${PG_DIR:-/tmp}/isopolity-postgres.XXXXXX")
as_user=()
if [ "$(id -u)" -eq 0 ]; then
  # PostgreSQL refuses to run as root. Debian's package brings a user for it.
  chown postgres: "$home"
  as_user=(setpriv --reuid postgres --regid postgres --clear-groups)
fi
port=$((20000 + RANDOM % 12000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done

stop() {
  "${as_user[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
  # The tests leave hundreds of thousands of files, which nobody has to wait for.
  nice -n 19 rm -rf "$home" >/dev/null 2>&1 &
}
trap stop EXIT

cd /
"${as_user[@]}" "$bin/initdb" -D "$home/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >"$home/initdb.log"
cat >>"$home/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$home'
max_connections = 400
fsync = ${PG_FSYNC:-off}
full_page_writes = ${PG_FSYNC:-off}
# Nobody replicates it, so what makes tables anew needn't be logged.
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
log_min_messages = warning
log_min_error_statement = panic
CONF
"${as_user[@]}" "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w start >/dev/null
"${as_user[@]}" "$bin/psql" -qAt -h "$home" -p "$port" -U postgres \
  -c "CREATE ROLE isopolity LOGIN" -c "CREATE DATABASE isopolity OWNER isopolity"
cd - >/dev/null

export TEST_DATABASE_URL="postgres://isopolity@127.0.0.1:$port/isopolity"
"$@"
