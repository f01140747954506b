#!/usr/bin/env bash
# web.sh: run uwsgi, for all requests that are no sockets.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
begin "$(program_name web)"
rm -f var/run/web.sock
touch var/run/web.reload
# The queue is as long as the system allows: with a full queue nginx answers 502 at once.
exec .venv/bin/uwsgi --ini deploy/uwsgi.ini --listen "$(</proc/sys/net/core/somaxconn)"
