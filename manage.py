#!/usr/bin/env python
"""Django's command line for Signalbox: `./manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    if sys.argv[1:2] == ["doctor"]:
        os.environ["SIGNALBOX_ROLE"] = "doctor"  # it loads no code of a team, so that none can end it
    from django.core.management import execute_from_command_line

    from proj.team_code.loading import setup

    # Before Django's own call: a team's broken code must not end the commands. A worker of that code and its check
    # import the routing themselves, and tell its faults in their own way; other workers need none of it.
    setup(with_routing=sys.argv[1:2] not in (["channels1"], ["runworker"]))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
