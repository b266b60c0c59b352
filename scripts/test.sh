#!/usr/bin/env bash
# Everything `make test` checks, one step after the other; the first that fails ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.local/bin:$PWD/.local/venv/bin:$PATH"

step() {
    local begun=$SECONDS name=$1
    shift
    printf '\n== %s\n' "$name"
    "$@"
    printf '== %s: fine after %d s\n' "$name" $((SECONDS - begun))
}

deny_advisories() {
    if [ -d "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs" ]; then
        cargo deny --offline --locked check --disable-fetch advisories
    else
        echo "skipped: there is no copy of the advisory database on this machine"
    fi
}

browser_tests() {
    local tests
    mapfile -t tests < <(compgen -G 'tests/browser/*.test.mjs')
    if [ ${#tests[@]} = 0 ]; then
        echo "there are no browser tests (tests/browser/*.test.mjs)" >&2
        return 1
    fi
    BAKUHANTAM_BIN=$(realpath "${CARGO_TARGET_DIR:-target}/debug/bakuhantam") \
        node --test --test-concurrency=1 "${tests[@]}"
}

# The whole chain, on parts that the tests start themselves. Without names every one of them.
long_tests() {
    local tests=("$@")
    if [ ${#tests[@]} = 0 ]; then mapfile -t tests < <(compgen -G 'tests/long/*.test.mjs'); fi
    BAKUHANTAM_BIN=$(realpath "${BAKUHANTAM_BIN:-${CARGO_TARGET_DIR:-target}/debug/bakuhantam}") \
        node --test --test-concurrency=1 --test-reporter=spec "${tests[@]}"
}

with_servers() { scripts/with-postgres.sh scripts/with-seaweed.sh "$@"; }

case ${1:-all} in
    all)
        step "format" cargo fmt --check
        step "lints" cargo clippy --locked --all-targets --all-features -- -D warnings
        # Also the crates of other systems, which building here does not fetch.
        step "crates" cargo fetch --locked
        step "licences and sources" cargo deny --offline --locked --log-level error check bans licenses sources
        step "advisories" deny_advisories
        step "types" npm run --silent check
        step "tests" with_servers cargo nextest run --locked --no-tests=fail
        step "browser" with_servers scripts/test.sh browser
        ;;
    browser) browser_tests ;;
    long)
        shift
        step "the whole chain" long_tests "${@/#/tests/long/}"
        ;;
    *) echo "test.sh: nothing, browser, or long with names of files in tests/long" >&2; exit 2 ;;
esac
