#!/usr/bin/env bash
# Attacks a server of its own on loopback: schemathesis against openapi.json, wapiti on the pages' forms, sqlmap on what
# signing in, unlocking and ordering take. Each is bounded in time. Ends with 1 when anything was found.
#
#   scripts/scan.sh [schemathesis|wapiti|sqlmap]…      all of them without a name; SCAN_SECONDS bounds each part
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(schemathesis wapiti sqlmap)
seconds=${SCAN_SECONDS:-300}
bin=$(realpath "${BAKUHANTAM_BIN:-${CARGO_TARGET_DIR:-target}/debug/bakuhantam}")
[ -x "$bin" ] || { say "build first: cargo build"; exit 1; }

tools=$PWD/.local/scan
if ! [ -x "$tools/bin/wapiti" ] || ! cmp -s scripts/scan-tools.txt "$tools/installed.txt"; then
    say "installing schemathesis, wapiti and sqlmap"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r scripts/scan-tools.txt >&2
    cp scripts/scan-tools.txt "$tools/installed.txt"
fi
export PATH="$tools/bin:$PATH"

folder=$(mktemp -d)
server=
cleanup() {
    if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
cat >"$folder/bakuhantam.toml" <<TOML
[server]
listen = "127.0.0.1:$port"
public_url = "$url"
TOML
cat >"$folder/night.toml" <<'TOML'
[[coin_packages]]
code = "p100"
coins = 100
price_idr = 100000
[[events]]
slug = "island-fight"
title = "Island Fight"
starts_at = "2030-12-05T19:00:00+07:00"
pass_price_coins = 90
status = "published"
  [[events.fights]]
  number = 1
  red = "Ari Wijaya"
  blue = "Budi Santoso"
  price_coins = 30
  [[events.fights]]
  number = 2
  red = "Citra Lestari"
  blue = "Dewi Anggraini"
  price_coins = 50
  [[events.milestones]]
  coins = 1000
  title = "Ronde tambahan"
  [[events.polls]]
  code = "winner"
  question = "Siapa menang?"
  options = ["Ari", "Budi"]
  coins_per_vote = 1
  max_votes_per_viewer = 100
  status = "open"
TOML
house() { "$bin" "$@" --config "$folder/bakuhantam.toml"; }
house migrate >/dev/null
house apply "$folder/night.toml" >/dev/null
"$bin" serve --config "$folder/bakuhantam.toml" >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
    curl -sf "$url/health" >/dev/null && break
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done

read_json() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
json=(-H 'Content-Type: application/json')
# A viewer with coins: the cookie's name=value.
viewer() {
    curl -sf -D "$folder/head" -o "$folder/me" "${json[@]}" "$url/api/v1/register" \
        -d "{\"phone\":\"$1\",\"password\":\"kuda-nil terbang 77\",\"name\":\"Penonton\"}"
    house coins grant --phone "$1" --coins 100000 --reason scan >/dev/null
    sed -n 's/^set-cookie: \(bh_session=[^;]*\).*/\1/ip' "$folder/head" | tr -d '\r'
}
cookie=$(viewer 081200000001)
fight=$(curl -sf "$url/api/v1/events/island-fight" | read_json '["fights"][0]["id"]')
package=$(curl -sf "$url/api/v1/coin-packages" | read_json '["packages"][0]["id"]')
invoice=$(curl -sf -b "$cookie" "${json[@]}" -H 'Idempotency-Key: first' "$url/api/v1/coin-orders" \
    -d "{\"package_id\":\"$package\"}" | read_json '["invoice"]')

found=0
part() {
    local begun=$SECONDS name=$1 status=0
    shift
    printf '\n== %s\n' "$name"
    "$@" || status=$?
    if [ $status = 0 ]; then
        printf '== %s: nothing found, %d s\n' "$name" $((SECONDS - begun))
    else
        printf '== %s: FOUND SOMETHING (%d), %d s\n' "$name" "$status" $((SECONDS - begun))
        found=1
    fi
}
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance

schemathesis_pass() {
    local file=$1 examples=$2
    shift 2
    (cd "$folder" && timeout "$seconds" schemathesis --config-file "$file" run "$url/api/v1/openapi.json" --checks "$checks" \
        --max-examples "$examples" --workers 1 --seed 7 --no-color --generation-database none --warnings off \
        --continue-on-failure "$@")
}
# What would end the session, or fill the limits of signing in before anything else is tried.
ends_session=(--exclude-path /api/v1/logout --exclude-path /api/v1/account/delete --exclude-path /api/v1/account/password
    --exclude-path '/api/v1/account/sessions/{id}/end')
run_schemathesis() {
    curl -sf -o "$folder/openapi.json" "$url/api/v1/openapi.json" && openapi-spec-validator "$folder/openapi.json" || return 1
    : >"$folder/any.toml"
    cat >"$folder/there.toml" <<TOML
[[operations]]
include-path = "/api/v1/fights/{id}/unlock"
parameters = { id = "$fight" }
[[operations]]
include-path-regex = "^/api/v1/events/"
parameters = { slug = "island-fight" }
[[operations]]
include-path-regex = "^/api/v1/coin-orders/"
parameters = { invoice = "$invoice" }
TOML
    local status=0
    echo "-- signed in"
    schemathesis_pass any.toml 40 -H "Cookie: $cookie" "${ends_session[@]}" || status=1
    echo "-- signed in, asking for what is there"
    schemathesis_pass there.toml 40 -H "Cookie: $cookie" --phases coverage,fuzzing \
        --include-path-regex '^/api/v1/(fights|events|coin-orders)/' || status=1
    echo "-- signed out"
    schemathesis_pass any.toml 15 --phases examples,coverage,fuzzing || status=1
    if [ "$(curl -s -o /dev/null -w '%{http_code}' -b "$cookie" "$url/api/v1/me")" != 200 ]; then
        echo "the session was lost on the way: what came after it was not tried signed in"
        status=1
    fi
    return $status
}

# One crawl with its attacks; modules that ask a server outside are left out: nothing leaves this machine.
wapiti_pass() {
    local name=$1
    shift
    timeout $((seconds * 3)) wapiti -u "$url/" --scope folder \
        -m "${WAPITI_MODULES:-csrf,cookieflags,csp,http_headers,methods,redirect,crlf,backup,sql,xss,permanentxss,exec,file,timesql}" \
        -x "$url/assets/*" -x "$url/media/*" -x "$url/sandbox/*" --flush-session --store-session "$folder/wapiti-$name" \
        --store-config "$folder/wapiti-config" --max-scan-time "$seconds" --max-attack-time $((seconds / 10)) --no-bugreport -v 0 \
        -f json -dr -o "$folder/wapiti-$name.json" "$@" >"$folder/wapiti-$name.log" 2>&1 ||
        { tail -20 "$folder/wapiti-$name.log"; return 1; }
    python3 scripts/scan-wapiti.py "$folder/wapiti-$name.json"
}
run_wapiti() {
    local status=0 starts=() page
    echo "-- signed out"
    # One page after the other: each of several asked at once would be given a form cookie of its own.
    wapiti_pass out --tasks 1 -s "$url/login" -s "$url/register" -s "$url/reset" -s "$url/events/island-fight" -s "$url/coins" ||
        status=1
    echo "-- signed in"
    for page in /events/island-fight /coins /account /account/history /account/orders "/orders/$invoice"; do
        starts+=(-s "$url$page")
    done
    # The session's cookie is given; what is set on the way is dropped, so that nothing signs in as somebody else.
    wapiti_pass in -H "Cookie: $cookie" --drop-set-cookie "${starts[@]}" -x "$url/account/delete*" -x "$url/account/password*" \
        -x "$url/logout*" -x "$url/account/sessions/*" -x "$url/login*" -x "$url/register*" -x "$url/reset*" || status=1
    if [ "$(curl -s -o /dev/null -w '%{http_code}' -b "$cookie" "$url/api/v1/me")" != 200 ]; then
        echo "the session was lost on the way: what came after it was not tried signed in"
        status=1
    fi
    return $status
}

# One target; its log holds something only when something was found.
sqlmap_target() {
    local name=$1 out=$folder/sqlmap/$1
    shift
    timeout "$((seconds / 2))" sqlmap --batch --disable-coloring --level 2 --risk 1 --dbms SQLite --flush-session -v 1 \
        --output-dir "$out" --ignore-code '*' --timeout 10 --retries 1 --answers 'follow=N,redirect=N,csrf=N' "$@" \
        >"$out.log" 2>&1 || true
    if grep -q 'identified the following injection' "$out.log" || [ -n "$(find "$out" -name log -size +0 2>/dev/null)" ]; then
        echo "$name: injectable"
        tail -40 "$out.log"
        return 1
    fi
    if ! grep -aq 'all tested parameters do not appear to be injectable' "$out.log"; then
        echo "$name: not tried to the end"
        tail -20 "$out.log"
        return 1
    fi
    # Which refusals came back how often: what was really sent.
    printf '%s: not injectable; %s\n' "$name" "$(grep -aA1 'HTTP error codes detected' "$out.log" | tail -1)"
}
# Its silence means something only where it finds what is there.
sqlmap_finds_a_planted_hole() {
    coproc PLANTED { exec python3 scripts/scan-planted.py; }
    local planted_pid=$PLANTED_PID planted_port
    read -r planted_port <&"${PLANTED[0]}"
    local said=0
    sqlmap_target planted -u "http://127.0.0.1:$planted_port/?id=1" >"$folder/planted" || said=1
    kill "$planted_pid" 2>/dev/null || true
    grep -q '^planted: injectable' "$folder/planted" && [ $said = 1 ] && echo "planted: found, as it must be"
}
run_sqlmap() {
    local status=0
    mkdir -p "$folder/sqlmap"
    local signed=(--cookie "$cookie" --param-exclude bh_session)
    local key=(-H 'Idempotency-Key: scan' "${signed[@]}" -H 'Content-Type: application/json')
    sqlmap_finds_a_planted_hole || { echo "the planted hole was not found"; cat "$folder/planted"; status=1; }
    sqlmap_target login -u "$url/api/v1/login" -H 'Content-Type: application/json' \
        --data '{"phone":"081200000001*","password":"kuda*"}' || status=1
    sqlmap_target register -u "$url/api/v1/register" -H 'Content-Type: application/json' \
        --data '{"phone":"0812*","password":"kuda-nil*","name":"Ari*"}' || status=1
    sqlmap_target unlock-fight -u "$url/api/v1/fights/$fight*/unlock" "${key[@]}" --data '{}' || status=1
    sqlmap_target unlock-key -u "$url/api/v1/fights/$fight/unlock" "${signed[@]}" -H 'Content-Type: application/json' \
        -H 'Idempotency-Key: k*' --data '{"max_coins":1}' || status=1
    sqlmap_target unlock-event -u "$url/api/v1/events/island-fight*/unlock" "${key[@]}" --data '{}' || status=1
    sqlmap_target order -u "$url/api/v1/coin-orders" "${key[@]}" --data "{\"package_id\":\"$package*\"}" || status=1
    sqlmap_target order-invoice -u "$url/api/v1/coin-orders/$invoice*" "${signed[@]}" || status=1
    sqlmap_target order-list -u "$url/api/v1/coin-orders?before=1*&limit=1*" "${signed[@]}" || status=1
    sqlmap_target event-page -u "$url/events/island-fight*?opened=1*&lang=id*" "${signed[@]}" || status=1
    sqlmap_target session -u "$url/api/v1/me" --cookie 'bh_session=x*' || status=1
    return $status
}

for name in "${parts[@]}"; do
    case $name in
        schemathesis | wapiti | sqlmap) part "$name" "run_$name" ;;
        *) say "schemathesis, wapiti or sqlmap, not \"$name\""; exit 2 ;;
    esac
done

# Whatever was sent, the server is well and its books are right.
part "the server's log" bash -c '! grep -E "\"level\":\"ERROR\"|panicked at" "$0"' "$folder/log"
part "the books" house ledger verify
exit $found
