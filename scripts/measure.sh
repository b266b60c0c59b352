#!/usr/bin/env bash
# Size of the program, time from start to the first answer of /health, memory when idle, and what the watch page's first
# load transfers. Needs a release build (`make release`); everything stays in a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${BAKUHANTAM_BIN:-${CARGO_TARGET_DIR:-target}/release/bakuhantam}
[ -x "$bin" ] || { echo "there is no $bin: run \`make release\` first" >&2; exit 1; }
bin=$(realpath "$bin")

folder=$(mktemp -d)
pid=
finish() {
    if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap finish EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
printf '[server]\nlisten = "127.0.0.1:%s"\npublic_url = "%s"\n' "$port" "$url" >"$folder/bakuhantam.toml"
sed 's/{starts_at}/2030-12-05T19:00:00+07:00/; s/{next_starts_at}/2030-12-12T19:00:00+07:00/' src/cli/demo_night.toml >"$folder/night.toml"
"$bin" --config "$folder/bakuhantam.toml" migrate >/dev/null
"$bin" --config "$folder/bakuhantam.toml" apply "$folder/night.toml" >/dev/null

printf 'size of the program         %s bytes\n' "$(stat -c %s "$bin")"
starts=()
for _ in 1 2 3 4 5; do
    begun=$(date +%s%N)
    "$bin" --config "$folder/bakuhantam.toml" serve 2>/dev/null &
    pid=$!
    deadline=$((begun + 10000000000))
    until curl -sf -o /dev/null --max-time 1 "$url/health"; do
        [ "$(date +%s%N)" -lt "$deadline" ] || { echo "no answer within 10 s" >&2; exit 1; }
    done
    starts+=($((($(date +%s%N) - begun) / 1000000)))
    if [ ${#starts[@]} -lt 5 ]; then
        kill "$pid"
        wait "$pid" || true
        pid=
    fi
done
printf 'start to first /health      %s ms (five starts)\n' "${starts[*]}"
curl -sf -o /dev/null "$url/" && curl -sf -o /dev/null "$url/watch/demo"
sleep 5
printf 'memory when idle            %s kB (VmRSS, after two pages)\n' "$(awk '/VmRSS/ {print $2}' "/proc/$pid/status")"

total=0 count=0
fetch() {
    local bytes
    bytes=$(curl -sf -H 'Accept-Encoding: br' -o /dev/null -w '%{size_download} %{size_header}' "$url$1" | awk '{print $1 + $2}')
    printf '  %-44s %8d bytes\n' "$1" "$bytes"
    total=$((total + bytes)) count=$((count + 1))
}
echo "first load of the watch page, brotli, headers included"
fetch /watch/demo
mapfile -t parts < <(curl -sf "$url/watch/demo" | grep -oE '/assets/[A-Za-z0-9_.-]+' | sort -u)
for part in "${parts[@]}"; do fetch "$part"; done
printf '  %-44s %8d bytes in %d requests (budget of the page: 250,000 bytes, 6 requests)\n' together "$total" "$count"
