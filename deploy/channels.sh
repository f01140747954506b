#!/usr/bin/env bash
# channels.sh OPTION...: run a worker of Channels 1.x code, with the options of `manage.py runworker`.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
begin "$(program_name channels)"
exec .venv/bin/python manage.py runworker "$@"
