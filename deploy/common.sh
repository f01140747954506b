# Sourced by deploy/up and tests/run: find Python, install system packages, fill .venv.
# shellcheck shell=bash

fail() {
    printf 'signalbox: %s\n' "$*" >&2
    exit 1
}

# Refuse a path that a unix socket's address, supervisord's %(here)s or a URL cannot carry.
check_path() {
    [[ $PWD =~ ^[[:alnum:]/._+@,\ -]+$ ]] ||
        fail "the path of this checkout holds characters that its processes cannot use: $PWD"
    # A unix socket's address holds 107 bytes; the longest one here is supervisord's while it starts.
    local bytes
    bytes=$(printf '%s/var/run/supervisor.sock.4194304' "$PWD" | wc -c)
    ((bytes <= 107)) || fail "the path of this checkout is too long for unix sockets ($((bytes - 107)) bytes over): $PWD"
}

# attempt TEXT COMMAND...: run the command and print its duration, and its output only when it fails. The output goes to
# $step_log in any case, and the command's status to $attempted.
step_log=/dev/null
attempt() {
    local text=$1 began took log
    shift
    began=$(date +%s%3N)
    printf '  %-46s' "$text"
    log=$(mktemp)
    # A command in an `if` would run without `set -e`; a subshell keeps it.
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1 </dev/null
    attempted=$?
    set -e
    took=$(($(date +%s%3N) - began))
    printf '%3d.%d s\n' $((took / 1000)) $((took / 100 % 10))
    cat "$log" >>"$step_log"
    if ((attempted)); then
        # One sentence of our own is enough; any other output is shown unchanged.
        if [[ $(tail -n 1 "$log") == signalbox:* ]]; then tail -n 1 "$log" >&2; else tail -n 40 "$log" >&2; fi
    fi
    rm -f "$log"
}

# step TEXT COMMAND...: as attempt, and end the script when the command fails.
step() {
    attempt "$@"
    if ((attempted)); then fail "this step failed: $1"; fi
}

has() {
    command -v "$1" >/dev/null 2>&1
}

package_manager() {
    if has apt-get; then echo apt; elif has dnf; then echo dnf; else echo none; fi
}

may_be_root() {
    ((EUID == 0)) || { has sudo && sudo -n true 2>/dev/null; }
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

# need_root COMMAND...: fail with a sentence that names the command when this user may not run it.
need_root() {
    may_be_root || fail "system packages are missing and this user may not install them; as root, run: $*"
}

# Steps have no terminal: sudo asks for the password once, before them, if there is a terminal.
ask_for_sudo() {
    if ! may_be_root && has sudo && [[ -t 0 && -t 2 ]]; then
        echo "  System packages are missing; sudo installs them."
        sudo -v || true
    fi
}

# Debian starts a service as soon as it is installed. A policy file prevents that during the installation; an existing
# policy file stays as it is.
without_autostart() {
    local policy=/usr/sbin/policy-rc.d
    if [[ -e $policy ]]; then
        as_root "$@"
        return
    fi
    (
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
        as_root sh -c 'printf "#!/bin/sh\nexit 101\n" >"$1" && chmod 755 "$1"' sh "$policy"
        as_root "$@"
    )
}

apt_install() {
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
    need_root "apt-get install --no-install-recommends $*"
    # The package lists are updated only after a failure: an update takes longer than most installations.
    without_autostart "${install[@]}" || { as_root apt-get update -q && without_autostart "${install[@]}"; }
}

dnf_install() {
    need_root "dnf install $*"
    as_root dnf install -y -q "$@"
}

# supervisord runs the installed services; the system's own units must not start at the next boot.
disable_services() {
    local service
    has systemctl || return 0
    for service in "$@"; do
        as_root systemctl disable --quiet "$service" 2>/dev/null || true
    done
}

missing_services() {
    local path=$PATH
    PATH=$PATH:/usr/sbin:/sbin
    has nginx || echo nginx
    has redis-server || has valkey-server || echo redis
    PATH=$path
}

install_services() {
    local wanted
    wanted=$(missing_services)
    [[ -n $wanted ]] || return 0
    case $(package_manager) in
    apt) apt_install $([[ $wanted == *nginx* ]] && echo nginx-light) $([[ $wanted == *redis* ]] && echo redis-server) ;;
    dnf)
        [[ $wanted != *nginx* ]] || dnf_install nginx
        # CentOS Stream 10 has valkey in place of redis.
        [[ $wanted != *redis* ]] || dnf_install redis || dnf_install valkey
        ;;
    *) fail "install with this system's package manager, then try again: ${wanted//$'\n'/ }" ;;
    esac
    [[ $wanted != *nginx* ]] || disable_services nginx
    [[ $wanted != *redis* ]] || disable_services redis-server redis valkey
    [[ -z $(missing_services) ]] || fail "still missing after installing: $(missing_services | tr '\n' ' ')"
}

# Is this a Python that is new enough and can make environments?
usable_python() {
    has "$1" && "$1" -c 'import sys, venv, ensurepip, ssl, sqlite3; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
        if usable_python "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

install_python() {
    ! find_python >/dev/null || return 0
    case $(package_manager) in
    apt) apt_install python3 python3-venv ;;
    dnf) dnf_install python3.12 python3.12-pip ;;
    *) fail "Python 3.11 or newer with venv is missing; install it, then try again" ;;
    esac
    find_python >/dev/null || fail "this system's packages have no Python 3.11 or newer; install one, then try again"
}

# Make the environment, and again when its Python is gone (after a system upgrade).
make_venv() {
    if ! .venv/bin/python -c '' 2>/dev/null; then
        "$(find_python)" -m venv --clear .venv
    fi
}

# install_requirements FILE: install exactly the listed packages, by their hashes, and only when the file has changed.
install_requirements() {
    local file=$1 marker=.venv/installed-$1 sum
    sum=$(sha256sum <"$file")
    if [[ ! -f $marker || $(<"$marker") != "$sum" ]]; then
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$file"
        printf '%s\n' "$sum" >"$marker"
    fi
}
