# Sourced by the scripts that supervisord execs: the common start of every process of Signalbox.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 077
# Every socket costs descriptors, and the usual soft limit of 1024 is soon reached.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

# Print the name that supervisord gave this process, or $1 for a script that is started by hand.
program_name() {
    printf '%s' "${SUPERVISOR_PROCESS_NAME:-$1}"
}

# begin NAME: end the processes that a killed supervisord left behind under this name, and hold its pid file.
# The pid file contains pid and start time. It stays open in this process and its children: a process that has it open
# belongs to this checkout, even when the pid in it has been used again since. uwsgi closes the file when HUP makes it
# execute itself again; `no-orphans` in uwsgi.ini then ends the workers of a killed master.
begin() {
    local file="var/run/$1.pid" stat
    .venv/bin/python -m deploy.takeover "$1"
    exec 9>>"$file"
    stat=$(<"/proc/$$/stat")
    stat=${stat##*) } # The command's name may hold spaces; the fields after it, from the third on, do not.
    # shellcheck disable=SC2086
    set -- $stat
    printf '%s %s\n' "$$" "${20}" >"$file"
}
