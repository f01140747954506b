#!/usr/bin/env bash
# worker.sh CHANNEL...: run the worker of these named channels.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
: "${1:?which named channels}"
begin "$(program_name "worker-$1")"
exec .venv/bin/python manage.py runworker "$@"
