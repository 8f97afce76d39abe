#!/usr/bin/env bash
# Everything that can be said about deploy/ without Azure and without a container engine: our own rules (templates.py),
# and the programs that others wrote for this: checkov, hadolint, systemd, and nginx, Caddy and shellcheck where they
# are installed. Each of those that judges by rules is also shown something bad, and must say so.
# Nothing is deployed, and nothing is asked of the network.
# shellcheck disable=SC2329 # `check` calls the functions
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

deploy/tools/setup.sh checkers proxies || exit
checkers=$PWD/.tools/checkers/bin
PATH=$PATH:/usr/sbin:/sbin:$PWD/.tools/proxies/usr/sbin:$PWD/.tools/proxies/usr/bin
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

# check SENTENCE COMMAND...: is the command content? What it says is shown only if not.
check() {
    local sentence=$1
    shift
    if "$@" >"$scratch/said" 2>&1; then
        passed=$((passed + 1))
        printf 'ok - %s\n' "$sentence"
    else
        failed=$((failed + 1))
        printf 'not ok - %s\n' "$sentence"
        sed 's/^/    /' "$scratch/said"
    fi
}
# refuses WORD COMMAND...: does the command fail, and for the reason that has this word in it?
refuses() {
    local word=$1
    shift
    if "$@" >"$scratch/refused" 2>&1 || ! grep -q -- "$word" "$scratch/refused"; then
        cat "$scratch/refused"
        echo "(should have failed, and said $word)"
        return 1
    fi
}
skip() { printf 'skipped - %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- our own rules --------------------------------------------------------------------------------------------------

PYTHONDONTWRITEBYTECODE=1 "$checkers/python" deploy/tools/templates.py | tee "$scratch/rules"
passed=$((passed + $(grep -c '^ok' "$scratch/rules")))
failed=$((failed + $(grep -c '^not ok' "$scratch/rules")))
# A program that broke off has said nothing about the rest.
check "the rules did not break off" grep -q '^All .* rules were tried' "$scratch/rules"

# --- Azure templates and the image ----------------------------------------------------------------------------------

checkov() { "$checkers/checkov" --directory "$1" --framework bicep dockerfile --skip-download --compact --quiet; }
mkdir "$scratch/bad" "$scratch/good"
cp -R deploy/azure deploy/Dockerfile "$scratch/good/"
cp -R deploy/azure deploy/Dockerfile "$scratch/bad/"
sed -i "s/minimumTlsVersion: 'TLS1_2'/minimumTlsVersion: 'TLS1_0'/" "$scratch/bad/azure/resources.bicep"
check "checkov finds nothing wrong with the templates and the image" checkov "$scratch/good"
check "checkov finds an old TLS version" refuses CKV_AZURE_44 checkov "$scratch/bad"

check "hadolint finds nothing wrong with the image" "$checkers/hadolint" deploy/Dockerfile
sed 's/^FROM rust:.*/FROM rust:latest AS build/' deploy/Dockerfile >"$scratch/Dockerfile"
check "hadolint finds an image without a version" refuses DL3007 "$checkers/hadolint" "$scratch/Dockerfile"

# --- one machine ----------------------------------------------------------------------------------------------------

if has systemd-analyze; then
    # The program is not installed here; everything else is judged as it stands. An unknown setting makes it fail.
    unit() { systemd-analyze verify --man=no --recursive-errors=no "$1"; }
    sed 's#^ExecStart=.*#ExecStart=/bin/true#' deploy/systemd/chatr.service >"$scratch/chatr.service"
    check "systemd understands the unit" unit "$scratch/chatr.service"
    mkdir "$scratch/typo"
    sed 's/^ProtectHome=/ProtectHoem=/' "$scratch/chatr.service" >"$scratch/typo/chatr.service"
    check "systemd finds a setting that does not exist" refuses ProtectHoem unit "$scratch/typo/chatr.service"
    # 0 is sealed, 10 (here: 100) is open. What has a network and a folder of its own cannot be 0; ours is 1.2.
    sealed() { systemd-analyze security --no-pager --offline=true --threshold=20 "$1"; }
    check "systemd rates the unit as sealed (2.0 or better)" sealed deploy/systemd/chatr.service
    sed '/^SystemCall\|^Private\|^Capability/d' deploy/systemd/chatr.service >"$scratch/typo/chatr.service"
    check "systemd rates a unit with less as open" refuses exposure sealed "$scratch/typo/chatr.service"
else
    skip "systemd-analyze is not installed: the unit was not checked by systemd"
fi

if has nginx && has openssl; then
    nginx() { command nginx -t -e stderr -p "$scratch/nginx" -c "$scratch/nginx/nginx.conf"; }
    mkdir "$scratch/nginx"
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=chat.example.org -keyout "$scratch/nginx/key.pem" \
        -out "$scratch/nginx/certificate.pem" 2>/dev/null
    {
        printf 'pid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n'
        printf '%s_temp_path temp;\n' client_body proxy fastcgi uwsgi scgi
        printf 'include site.conf;\n}\n'
    } >"$scratch/nginx/nginx.conf"
    # nginx takes the ports of a configuration that it tests: not everybody may have them, and they may be taken.
    sed -e "s#/etc/letsencrypt/.*/fullchain.pem#$scratch/nginx/certificate.pem#" \
        -e "s#/etc/letsencrypt/.*/privkey.pem#$scratch/nginx/key.pem#" \
        -e "s#listen \(80\|443\)#listen unix:$scratch/nginx/\1.socket#" -e '/listen \[::\]/d' \
        deploy/proxy/nginx.conf >"$scratch/nginx/site.conf"
    check "nginx understands its example" nginx
else
    skip "nginx is not installed: deploy/proxy/nginx.conf was not checked by nginx"
fi

if has caddy; then
    check "Caddy understands its example" env HOME="$scratch" caddy validate --adapter caddyfile --config deploy/proxy/Caddyfile
else
    skip "Caddy is not installed: deploy/proxy/Caddyfile was not checked by Caddy"
fi

if has shellcheck; then
    check "shellcheck finds nothing wrong with the scripts" shellcheck --severity=warning deploy/tools/*.sh
else
    skip "shellcheck is not installed: the scripts were not checked"
fi

printf '\n  %d passing\n' "$passed"
[ "$failed" = 0 ] || printf '  %d failing\n' "$failed"
[ "$failed" = 0 ]
