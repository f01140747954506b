#!/usr/bin/env bash
# nginx.sh: be the nginx of this checkout. What depends on this host is written to var/nginx/ first.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
PATH=$PATH:/usr/sbin:/sbin # Debian keeps nginx there, off the PATH of ordinary users
begin "$(program_name nginx)"
.venv/bin/python -m deploy.render
# -e: until the configuration is read, nginx would write to the log of the system's own nginx.
exec nginx -p "$PWD/" -e stderr -c nginx/nginx.conf -g 'daemon off;'
