"""Write the programs that depend on settings to var/supervisor/programs.conf, which supervisord.conf includes.

./deploy/up runs it before supervisord reads its configuration. The workers of Channels 1.x code are such programs:
there are none without a routing. A bad setting ends it with one sentence.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from deploy.listen import ROOT
from proj.env import Settings, WorkerGroup, worker_groups

PROGRAMS_HEADER = "; Made by deploy/programs.py from var/signalbox.env; changes here are lost.\n"
WORKER_PROGRAM = """
[program:{name}]
command={command}
process_name={name}_%(process_num)d
numprocs={processes}
directory={root}
environment=PYTHONUNBUFFERED="1"
priority=30
startsecs=10
startretries=1000000
stopwaitsecs=20
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={root}/var/log/{name}_%(process_num)d.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=5
"""


def programs_conf(root: Path, routing: str, groups: Sequence[WorkerGroup]) -> str:
    """Return the text of var/supervisor/programs.conf. The first group is `channels`, the next one `channels-2`."""
    if not routing:
        return PROGRAMS_HEADER
    return PROGRAMS_HEADER + "".join(
        WORKER_PROGRAM.format(
            name="channels" if number == 1 else f"channels-{number}",
            command=_command(root, group),
            processes=group.processes,
            root=root,
        )
        for number, group in enumerate(groups, 1)
    )


def _command(root: Path, group: WorkerGroup) -> str:
    only = [] if group.pattern == "*" else ["--only-channels", group.pattern]
    return shlex.join([f"{root}/deploy/channels.sh", "--threads", str(group.threads), *only])


def main() -> None:
    setting = Settings(ROOT / "var" / "signalbox.env").read
    routing = setting("SIGNALBOX_CHANNEL_ROUTING", "", str)
    groups = setting("SIGNALBOX_CHANNEL_WORKERS", "*:2:4", worker_groups)
    folder = ROOT / "var" / "supervisor"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "programs.conf").write_text(programs_conf(ROOT, routing, groups), encoding="utf-8")


if __name__ == "__main__":
    main()
