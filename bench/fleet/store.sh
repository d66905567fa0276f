#!/bin/bash
# Runs a command beside a PostgreSQL and an S3 server of its own, on this disk and loopback. STORE names the cloud.json that leads to both.
# When the command has ended, so do they, and what they kept is removed.
#   bench/fleet/store.sh make bench-fleet DEVICES=200 SPEED=480 BOXES=4
set -euo pipefail
gateway=$(cd "$(dirname "$0")/../.." && pwd)/bin/versitygw
[[ -x $gateway ]] || { echo "store: there is no bin/versitygw: run make bin/versitygw" >&2; exit 1; }
pg=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[[ -n $pg ]] || { echo "store: there is no PostgreSQL here: run make deps" >&2; exit 1; }
as=() # the database refuses to run as root
((EUID)) || as=(setpriv --reuid postgres --regid postgres --clear-groups)
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/byleave-XXXXXX")
mkdir -p "$dir/db" "$dir/beside" "$dir/objects/byleave"
((EUID)) || chown postgres "$dir" "$dir/db"
s3=
finish() {
  [[ -z $s3 ]] || kill "$s3" 2>/dev/null || true
  "${as[@]}" "$pg/pg_ctl" -D "$dir/db" -m immediate stop >/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
"${as[@]}" "$pg/initdb" -D db -U byleave -A trust -E UTF8 --locale=C >/dev/null
"${as[@]}" "$pg/pg_ctl" -D db -l "$dir/db.log" -w -o "-k $dir -c listen_addresses= -c max_connections=200" start >/dev/null
"$pg/psql" -h "$dir" -U byleave -d postgres -qc 'CREATE DATABASE byleave'
port=$((20000 + RANDOM % 10000))
ROOT_ACCESS_KEY=byleave-bench ROOT_SECRET_KEY=only-for-loopback "$gateway" --port "127.0.0.1:$port" --quiet posix --sidecar "$dir/beside" "$dir/objects" &
s3=$!
until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$s3" || { s3=; echo "store: versitygw did not start: port $port may be taken; run it again" >&2; exit 1; }
  sleep 0.1
done
printf '[default]\naws_access_key_id = byleave-bench\naws_secret_access_key = only-for-loopback\n' >keys
printf '{"postgres": "postgres:///byleave?host=%s&user=byleave", "s3_endpoint": "http://127.0.0.1:%s", "s3_region": "us-east-1", "s3_bucket": "byleave", "s3_key_file": "%s"}\n' \
  "$dir" "$port" "$dir/keys" >cloud.json
chmod 600 keys cloud.json
cd "$OLDPWD"
STORE=$dir/cloud.json "$@"
