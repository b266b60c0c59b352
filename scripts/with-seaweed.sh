#!/usr/bin/env bash
# Runs a command with an S3 server beside it: SeaweedFS on free ports, in a folder that is removed afterwards.
# The command finds it as HOST:PORT in BAKUHANTAM_TEST_S3; keys as in tests/suite/harness/s3.rs.
#   scripts/with-seaweed.sh COMMAND...
set -euo pipefail

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

command -v weed >/dev/null || { say "SeaweedFS (weed) is missing: run 'make deps-test'"; exit 1; }

folder=$(mktemp -d)
weed_pid=
cleanup() {
    # A clean stop takes 25 seconds and nothing is kept.
    if [ -n "$weed_pid" ]; then
        kill -KILL "$weed_pid" 2>/dev/null || true
        wait "$weed_pid" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cat >"$folder/s3.json" <<'JSON'
{"identities":[
 {"name":"test","credentials":[{"accessKey":"bakuhantam-test","secretKey":"not-a-secret-anywhere-else"}],
  "actions":["Admin","Read","Write","List","Tagging"]},
 {"name":"anonymous","actions":["Read"]}]}
JSON

# Ports below the kernel's range for outgoing connections, held apart from those the tests take (20000-31999).
is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
ports=()
port=$((12000 + $$ % 7000))
while [ ${#ports[@]} -lt 8 ]; do
    port=$((port < 19999 ? port + 1 : 12000))
    if is_free "$port"; then ports+=("$port"); fi
done

(
    cd "$folder"
    exec setpriv --pdeathsig KILL -- weed -logtostderr=true server -dir=. -ip=127.0.0.1 -ip.bind=127.0.0.1 \
        -master.telemetry=false -master.volumeSizeLimitMB=64 -volume.max=400 \
        -master.port="${ports[0]}" -master.port.grpc="${ports[1]}" \
        -volume.port="${ports[2]}" -volume.port.grpc="${ports[3]}" \
        -filer -filer.port="${ports[4]}" -filer.port.grpc="${ports[5]}" \
        -s3 -s3.config=s3.json -s3.autoCreateBucket=false -s3.port.iceberg=0 -s3.port.lance=0 \
        -s3.port="${ports[6]}" -s3.port.grpc="${ports[7]}" </dev/null >log 2>&1
) &
weed_pid=$!

for _ in $(seq 600); do
    if ! kill -0 "$weed_pid" 2>/dev/null; then
        say "SeaweedFS stopped at its start:"
        tail -20 "$folder/log" >&2
        exit 1
    fi
    if ! is_free "${ports[6]}"; then break; fi
    sleep 0.1
done
if is_free "${ports[6]}"; then say "SeaweedFS did not answer within a minute"; exit 1; fi

export BAKUHANTAM_TEST_S3="127.0.0.1:${ports[6]}"
status=0
"$@" || status=$?
exit "$status"
