#!/usr/bin/env bash
# Runs a command with a PostgreSQL cluster of its own, and takes the cluster away afterwards:
#
#   scripts/with-postgres.sh cargo nextest run
#
# The command finds the cluster's address in BAKUHANTAM_TEST_POSTGRES. PostgreSQL refuses to run as root, so root
# becomes the user "postgres" for it. fsync is off: this cluster is for tests. With `--fsync` before the command it is
# on, for measuring and for tests of a crash.
set -euo pipefail

fsync=off
if [ "${1:-}" = --fsync ]; then
  fsync=on
  shift
fi

if [ $# -eq 0 ]; then
  echo "with-postgres: give a command to run, such as: scripts/with-postgres.sh cargo nextest run" >&2
  exit 2
fi

bin=$(find /usr/lib/postgresql /usr/local/pgsql /opt/homebrew/opt/postgresql* -maxdepth 2 -type d -name bin \
  -exec test -x '{}/initdb' ';' -print 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$bin" ] && command -v initdb >/dev/null; then
  bin=$(dirname "$(command -v initdb)")
fi
if [ -z "$bin" ]; then
  echo "with-postgres: PostgreSQL's server programs are not installed: run \`apt-get install postgresql\`" >&2
  exit 1
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/bakuhantam-postgres.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then
  chown postgres:postgres "$folder"
  as=(setpriv --reuid=postgres --regid=postgres --clear-groups env "HOME=$folder")
fi
chmod 0700 "$folder"

stop() {
  (cd "$folder" && "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop) >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A socket on port 0 names a port that is free now; another process may take it before the cluster does, so try again.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
    echo $((20000 + RANDOM % 20000))
}

here=$PWD
cd "$folder"
"${as[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1 || {
  echo "with-postgres: initdb failed:" >&2
  cat "$folder/initdb.log" >&2
  exit 1
}
for try in 1 2 3 4 5; do
  port=$(free_port)
  if "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/server.log" \
    -o "-h 127.0.0.1 -p $port -k $folder -c fsync=$fsync -c max_connections=300" start >/dev/null 2>&1; then
    break
  fi
  if [ "$try" = 5 ]; then
    echo "with-postgres: the cluster did not start:" >&2
    cat "$folder/server.log" >&2
    exit 1
  fi
done
cd "$here"

# pgbench stands beside the server where no wrapper is on the PATH.
PATH="$PATH:$bin" BAKUHANTAM_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres" "$@"
