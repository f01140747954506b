"""The doctor's checks of the processes, through a real supervisord."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path
from textwrap import dedent

import pytest
from django.conf import settings as shipped
from pytest_django import Settings

from deploy.programs import programs_conf
from proj.env import worker_groups
from proj.health import programs
from proj.health.report import Observation, State, Walk
from proj.health.supervision import show_log
from tests.conftest import wait_for
from tests.system.stack import CHECKOUT

CONF = """\
    [unix_http_server]
    file=%(here)s/var/run/supervisor.sock
    [supervisord]
    nodaemon=true
    logfile=%(here)s/log
    pidfile=%(here)s/pid
    childlogdir=%(here)s
    [rpcinterface:supervisor]
    supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
    [program:web]
    command=sleep 600 ; a comment
    startsecs=0
    [program:interface]
    command=sleep 600
    process_name=interface_%(process_num)d
    numprocs=2
    startsecs=0
    [program:slow]
    command=sleep 600
    startsecs=600
    [program:broken]
    command=/nonexistent/program
    startretries=0
    [program:resting]
    command=sleep 600
    autostart=false
    """


@pytest.fixture
def root(settings: Settings) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sb-") as folder:
        root = Path(folder)
        (root / "var" / "run").mkdir(parents=True)
        settings.BASE_DIR, settings.VAR, settings.RUN = root, root / "var", root / "var" / "run"
        yield root


@pytest.fixture
def supervised(root: Path) -> Iterator[Path]:
    """A supervisord with programs in every state, and one more program that it has not loaded."""
    conf = root / "supervisord.conf"
    conf.write_text(dedent(CONF))
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: states().get("program broken") == State.RED, what="supervisord")
            with conf.open("a") as file:
                file.write("\n[program:new]\ncommand=sleep 600\n")
            yield root
        finally:
            server.terminate()
            server.wait(20)


def look() -> dict[str, Observation]:
    return {f"program {seen.part}".strip(): seen for seen in programs.programs_run(Walk())}


def states() -> dict[str, State]:
    return {name: seen.state for name, seen in look().items()}


def test_each_program_is_told_by_the_name_that_supervisorctl_takes(supervised: Path) -> None:
    assert states() == {
        "program web": State.GREEN,
        "program interface:interface_0": State.GREEN,
        "program interface:interface_1": State.GREEN,
        "program slow": State.UNSEEN,
        "program broken": State.RED,
        "program resting": State.GREEN,
        "program new": State.RED,
    }
    advice = look()
    assert "tail -n 50 var/log/broken.log; then: supervisorctl start broken" in advice["program broken"].advice
    assert "supervisorctl update" in advice["program new"].advice


def test_without_supervisord_it_is_one_red_line(root: Path) -> None:
    assert states() == {"program": State.RED}


def test_how_many_sockets_fit_comes_from_the_processes_themselves(supervised: Path) -> None:
    (seen,) = programs.sockets_fit(Walk())
    assert "room for" in seen.saw


def test_the_programs_that_ship_are_understood() -> None:
    found = programs.expected(shipped.BASE_DIR / "supervisord.conf")
    assert {"redis", "nginx", "web", "interface:interface_0", "worker-chat"} <= set(found)


def test_each_channel_has_the_worker_that_consumes_it() -> None:
    assert programs.consumers(shipped.BASE_DIR / "supervisord.conf") == {
        "chat": "worker-chat",
        "runs": "worker-runs:*",
    }


SHIPPED = CHECKOUT / "supervisord.conf"
ADVISED = re.compile(r"supervisorctl (?:start|stop|restart|status|tail|signal [A-Z]+)((?: [a-z][a-z_0-9:*-]*)*)")
LOG = re.compile(r"var/log/([a-z_0-9*-]+)\.log")


def known(name: str) -> bool:
    """Return whether supervisorctl takes the name, with the supervisord.conf that ships and a routing named."""
    rendered = re.findall(
        r"^\[program:(.+)\]$", programs_conf(CHECKOUT, "a.routing", worker_groups("*:2:4")), re.MULTILINE
    )
    processes = {*programs.expected(SHIPPED), *(f"{group}:{group}_0" for group in rendered)}
    return name in processes or (name.endswith(":*") and any(one.startswith(name[:-1]) for one in processes))


def sentences() -> Iterator[tuple[str, str]]:
    """Yield (file, text) of everything that may advise an operator, commented code included."""
    suffixes = {".py", ".sh", ".md", ".conf", ".html", ".ini", ""}
    folders = [CHECKOUT / name for name in ("proj", "consumers", "deploy", "docs", "nginx")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix in suffixes]
    for file in [*files, *CHECKOUT.glob("*.md"), SHIPPED]:
        if "__pycache__" not in file.parts:
            yield str(file.relative_to(CHECKOUT)), file.read_text(encoding="utf-8")


def test_every_program_that_a_sentence_names_is_one_that_supervisorctl_knows() -> None:
    named = [(file, name) for file, text in sentences() for words in ADVISED.findall(text) for name in words.split()]
    found = {name for _, name in named}
    assert {"redis", "nginx", "worker-chat", "interface:*"} <= found
    assert [(file, name) for file, name in named if not known(name)] == []


def test_every_log_that_a_sentence_names_is_written_by_a_program() -> None:
    logs = {show_log(name).partition("var/log/")[2] for name in programs.expected(SHIPPED)}
    logs |= {"nginx.access.log", "supervisord.log", "up.log"}
    named = {name for file, text in sentences() if file != "docs/runs.md" for name in LOG.findall(text)}
    assert "web" in named
    assert {f"{name}.log" for name in named} <= logs


def test_the_advice_about_a_channel_without_workers_names_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent() -> list[object]:
        return []

    monkeypatch.setattr(programs, "beats", silent)
    advice = {seen.part: seen.advice for seen in programs.workers_beat(Walk())}
    assert advice == {
        "chat": "Run: tail -n 50 var/log/worker-chat.log; then: supervisorctl restart worker-chat",
        "runs": "Run: tail -n 50 var/log/worker-runs*.log; then: supervisorctl restart worker-runs:*",
    }
    assert all(known(sentence.split()[-1]) for sentence in advice.values())
    assert not known("worker-runs")


def test_each_process_logs_to_the_file_that_the_doctor_names() -> None:
    conf = RawConfigParser(inline_comment_prefixes=(";",))
    conf.read(CHECKOUT / "supervisord.conf", encoding="utf-8")
    for section in (conf[name] for name in conf.sections() if name.startswith("program:")):
        program = section.get("process_name", section.name.removeprefix("program:"))
        log = section.get("stderr_logfile", section["stdout_logfile"])
        assert show_log(f"group:{program}").endswith(log.removeprefix("%(here)s/")), program
