# Sourced by tests/run, after deploy/common.sh: install the programs that only the tests need.
# shellcheck shell=bash

find_chromium() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

# Rooms have names in any script, and the browser tests look at them.
install_chromium() {
    if find_chromium >/dev/null; then return; fi
    case $(package_manager) in
    apt) apt_install chromium fonts-noto-cjk ;;
    dnf)
        dnf_install epel-release # Chromium is not in CentOS's own repositories
        dnf_install chromium
        dnf_install google-noto-sans-cjk-fonts || dnf_install google-noto-sans-cjk-ttc-fonts || true
        ;;
    *) fail "Chromium is missing; install it, then try again" ;;
    esac
}

# tests/postgresql.py knows where distributions keep PostgreSQL, and which version is new enough.
find_postgresql() {
    "$(find_python)" -m tests.postgresql --programs
}

# Only its programs are used: tests/postgresql.py makes a cluster of its own.
install_postgresql() {
    if find_postgresql >/dev/null 2>&1; then return; fi
    case $(package_manager) in
    apt) apt_install postgresql ;;
    dnf)
        # Another version would take the place of this one, and could not read its databases.
        ! has initdb || fail "PostgreSQL is too old for the tests: $(find_postgresql 2>&1 || true)"
        need_root "dnf install @postgresql:16/server (CentOS 9), or dnf install postgresql-server (CentOS 10)"
        # CentOS 9 has version 13 outside of modules; CentOS 10 has 16, and no modules.
        dnf_install @postgresql:16/server || dnf_install postgresql-server
        ;;
    *) fail "PostgreSQL is missing; install it, then try again" ;;
    esac
    disable_services postgresql
    find_postgresql >/dev/null
}
