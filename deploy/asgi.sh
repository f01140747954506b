#!/usr/bin/env bash
# asgi.sh N: be interface process N, daphne on a unix socket of its own.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
number=${1:?which interface process, a number from 0}
begin "$(program_name "interface_$number")"
socket=var/run/interface_$number.sock
rm -f "$socket"
# backlog: Twisted's 50 turns a burst of connections into 502s. lockfile=0: `begin` has seen to that, and a lock
# that was left behind must not keep a process from starting. -v 0: nginx writes the access log.
# Frames over the protocol's 64 KiB are answered by the consumer; daphne's own limit is far above it.
exec .venv/bin/python -m consumers.interface -v 0 -e "unix:$socket:mode=660:backlog=4096:lockfile=0" \
    --proxy-headers --proxy-headers-host X-Real-IP --no-server-name \
    --ping-interval 20 --ping-timeout 30 --websocket_connect_timeout 20 --websocket_timeout -1 \
    --websocket-max-message-size 1048576 --websocket-max-frame-size 1048576 \
    proj.asgi:application
