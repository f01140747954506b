#!/usr/bin/env bash
# nginx.sh: run the nginx of this checkout. It first writes the configuration of this host to var/nginx/.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
PATH=$PATH:/usr/sbin:/sbin # Debian keeps nginx there, off the PATH of ordinary users
begin "$(program_name nginx)"
.venv/bin/python -m deploy.render
# -e: before nginx has read the configuration, it would write to the log of the system's own nginx.
exec nginx -p "$PWD/" -e stderr -c nginx/nginx.conf -g 'daemon off;'
