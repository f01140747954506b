#!/usr/bin/env bash
# redis.sh: run the redis of this checkout; valkey takes the same configuration.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
server=$(command -v redis-server || command -v valkey-server) || {
    echo "signalbox: neither redis-server nor valkey-server is installed; run ./deploy/up" >&2
    exit 1
}
begin "$(program_name redis)"
rm -f var/run/redis.sock
exec "$server" deploy/redis.conf
