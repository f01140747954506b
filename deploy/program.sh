# Sourced by the scripts that supervisord execs: what every process of Signalbox has in common.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 077
# Every socket costs descriptors, and the usual soft limit of 1024 is soon used up.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

# The name supervisord gave this process; a script that is started by hand brings its own.
program_name() {
    printf '%s' "${SUPERVISOR_PROCESS_NAME:-$1}"
}

# begin NAME: end what a killed supervisord left behind under this name, and become its holder.
# The pid file says pid and start time, and stays open in this process and its children: whoever
# has it open belongs to this checkout, whatever the number in it has come to mean since.
begin() {
    local file="var/run/$1.pid" stat
    .venv/bin/python -m deploy.takeover "$1"
    exec 9>>"$file"
    stat=$(<"/proc/$$/stat")
    stat=${stat##*) } # the command's name may hold spaces; after it come plain fields, from the third on
    # shellcheck disable=SC2086
    set -- $stat
    printf '%s %s\n' "$$" "${20}" >"$file"
}
