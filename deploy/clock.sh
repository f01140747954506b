#!/usr/bin/env bash
# clock.sh: run the clock: sweeps, schedules and retention. Several clocks are harmless; one leads.
source "$(dirname "${BASH_SOURCE[0]}")/program.sh"
begin "$(program_name clock)"
exec .venv/bin/python manage.py clock
