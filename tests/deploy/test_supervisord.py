"""supervisord.conf: its commands exist, and its times fit those of the programs."""

import os
import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from proj.health.programs import expected
from tests.deploy.conftest import Checkout
from tests.system.stack import CHECKOUT


def conf() -> RawConfigParser:
    parser = RawConfigParser(inline_comment_prefixes=(";",))
    parser.read(CHECKOUT / "supervisord.conf")
    return parser


PROGRAMS = [name.removeprefix("program:") for name in conf().sections() if name.startswith("program:")]
PYTHON = [name for name in PROGRAMS if name not in ("redis", "nginx")]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_command_exists_and_is_executable(program: str) -> None:
    command = shlex.split(conf().get(f"program:{program}", "command").replace("%(here)s", str(CHECKOUT)))

    assert command[0].startswith(f"{CHECKOUT}/deploy/")
    assert Path(command[0]).read_text().startswith("#!/usr/bin/env bash\n")
    assert os.access(command[0], os.X_OK)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_stop_asks_the_leader_and_kills_the_whole_group(program: str) -> None:
    section = f"program:{program}"

    assert conf().getboolean(section, "stopasgroup") is False
    assert conf().getboolean(section, "killasgroup") is True
    assert conf().getint(section, "startretries") >= 10_000
    assert conf().get(section, "stdout_logfile_maxbytes") == "10MB"
    assert conf().get(section, "stdout_logfile_backups") == "5"


@pytest.mark.parametrize("program", PYTHON)
def test_python_counts_as_started_after_ten_seconds_and_does_not_buffer(program: str) -> None:
    section = f"program:{program}"

    assert conf().getint(section, "startsecs") == 10
    assert 'PYTHONUNBUFFERED="1"' in conf().get(section, "environment")


def test_uwsgi_has_time_to_finish_what_it_serves() -> None:
    file = CHECKOUT / "deploy" / "uwsgi.ini"
    uwsgi = RawConfigParser(strict=False, comment_prefixes=(";",))
    uwsgi.read(file)

    mercy = uwsgi.getint("uwsgi", "worker-reload-mercy")
    assert conf().getint("program:web", "stopwaitsecs") > mercy
    # one of several hooks, of which the parser knows the last
    assert "hook-master-start = unix_signal:15 gracefully_kill_them_all" in file.read_text().splitlines()
    assert uwsgi.getboolean("uwsgi", "lazy-apps")
    assert not uwsgi.has_option("uwsgi", "threads")


def test_nginx_lets_sockets_go_before_supervisord_loses_patience() -> None:
    text = (CHECKOUT / "nginx" / "nginx.conf").read_text()
    seconds = int(text.split("worker_shutdown_timeout ")[1].split("s;")[0])

    assert conf().getint("program:nginx", "stopwaitsecs") > seconds


def test_nothing_depends_on_the_environment() -> None:
    assert "%(ENV_" not in (CHECKOUT / "supervisord.conf").read_text()


def test_only_its_owner_may_control_it() -> None:
    assert conf().get("unix_http_server", "chmod") == "0700"


def test_supervisord_reads_it(checkout: Checkout) -> None:
    assert checkout.python("-m", "deploy.programs").returncode == 0  # as ./deploy/up does
    options = ServerOptions()
    options.realize(["-c", str(checkout.root / "supervisord.conf")])

    processes = [process.name for group in options.process_group_configs for process in group.process_configs]
    assert sorted(set(processes)) == sorted(processes)
    assert "interface_0" in processes
    assert not options.parse_warnings
    assert "channels_0" not in processes


def test_a_routing_of_channels1_code_brings_its_workers(checkout: Checkout) -> None:
    checkout.settings("SIGNALBOX_CHANNEL_ROUTING=deck.routing.channel_routing\n")
    assert checkout.python("-m", "deploy.programs").returncode == 0
    options = ServerOptions()
    options.realize(["-c", str(checkout.root / "supervisord.conf")])
    groups = {group.name: group for group in options.process_group_configs}
    assert [process.name for process in groups["channels"].process_configs] == ["channels_0", "channels_1"]
    command = groups["channels"].process_configs[0].command
    assert shlex.split(command) == [f"{checkout.root}/deploy/channels.sh", "--threads", "4"]
    assert {f"channels:channels_{n}" for n in (0, 1)} <= set(expected(checkout.root / "supervisord.conf"))
