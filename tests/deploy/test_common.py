"""deploy/common.sh on other hosts, for `up` and `tests/run`; the package managers here only record calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.stack import CHECKOUT

NOTES = '#!/bin/sh\necho "$(basename "$0") $*" >>"$NOTES"\n'


class Host:
    """A PATH with few programs, and a record of the calls to them."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.notes = folder / "bin", folder / "notes"
        self.bin.mkdir()
        self.notes.touch()
        for tool in ("bash", "sh", "cat", "tail", "mktemp", "rm", "tr", "wc", "basename", "date", "env", "touch"):
            path = shutil.which(tool)
            assert path
            (self.bin / tool).symlink_to(path)

    def command(self, name: str, script: str = "") -> None:
        file = self.bin / name
        file.write_text(NOTES + script)
        file.chmod(0o755)

    def run(self, script: str, folder: Path = CHECKOUT, *, root: bool = True) -> "subprocess.CompletedProcess[str]":
        # EUID cannot be set, so the test replaces the one function that reads it
        who = 'may_be_root() { true; }; as_root() { "$@"; };' if root else "may_be_root() { false; };"
        missing = (
            "missing_services() { has nginx || echo nginx; has redis-server || has valkey-server || echo redis; };"
        )
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; source {CHECKOUT}/deploy/common.sh; {who} {missing} {script}"],
            cwd=folder,
            env={"PATH": str(self.bin), "NOTES": str(self.notes), "BIN": str(self.bin), "HOME": os.environ["HOME"]},
            text=True,
            capture_output=True,
            timeout=30,
        )

    def called(self) -> list[str]:
        return self.notes.read_text().splitlines()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_centos_10_has_valkey_where_9_has_redis(host: Host) -> None:
    host.command(
        "dnf",
        'case "$*" in *redis*) exit 1;; *nginx*) : >"$BIN/nginx"; /bin/chmod +x "$BIN/nginx";; '
        '*valkey*) : >"$BIN/valkey-server"; /bin/chmod +x "$BIN/valkey-server";; esac\n',
    )

    done = host.run("install_services")

    assert done.returncode == 0, done.stderr
    assert host.called() == ["dnf install -y -q nginx", "dnf install -y -q redis", "dnf install -y -q valkey"]


def test_what_is_there_is_not_installed(host: Host) -> None:
    for name in ("dnf", "nginx", "valkey-server"):
        host.command(name)

    assert host.run("install_services").returncode == 0

    assert host.called() == []


def test_who_may_not_install_is_told_the_command(host: Host) -> None:
    host.command("apt-get")

    done = host.run("step 'nginx and redis' install_services", root=False)

    assert done.returncode == 1
    assert "as root, run: apt-get install --no-install-recommends nginx-light redis-server" in done.stderr
    assert host.called() == []


def test_without_a_known_package_manager_the_missing_are_named(host: Host) -> None:
    done = host.run("install_services")

    assert done.returncode == 1
    assert done.stderr == "signalbox: install with this system's package manager, then try again: nginx redis\n"


def test_python_is_installed_only_when_none_is_new_enough(host: Host) -> None:
    host.command("dnf", 'printf "#!/bin/sh\\nexit 0\\n" >"$BIN/python3.12"; /bin/chmod +x "$BIN/python3.12"\n')
    host.command("python3", "exit 1\n")  # too old

    done = host.run("install_python; find_python")

    assert done.stdout == "python3.12\n", done.stderr
    assert "dnf install -y -q python3.12 python3.12-pip" in host.called()


def test_a_path_too_long_for_unix_sockets_is_refused(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir()

    done = host.run("check_path", folder)

    assert done.returncode == 1
    assert "too long for unix sockets" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["50%", "a?b", "x#y", "it's"])
def test_a_path_that_configurations_cannot_carry_is_refused(host: Host, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()

    assert "characters that its processes cannot use" in host.run("check_path", folder).stderr


def test_a_failing_command_inside_a_step_ends_it(host: Host) -> None:
    done = host.run("bad() { false; echo went on; }; step 'A bad step' bad; echo never")

    assert done.returncode == 1
    assert "went on" not in done.stdout + done.stderr
    assert "never" not in done.stdout
    assert "this step failed: A bad step" in done.stderr


MAKES_INITDB = ': >"$BIN/initdb"; /bin/chmod +x "$BIN/initdb"'
FOUND = "source tests/packages.sh; find_postgresql() { [[ -e $BIN/initdb ]]; }"


def test_centos_9_has_postgresql_in_a_module_and_10_has_none(host: Host, tmp_path: Path) -> None:
    host.command("dnf", f'case "$*" in *@*) {MAKES_INITDB};; esac\n')
    assert host.run(f"{FOUND}; install_postgresql").returncode == 0
    assert host.called() == ["dnf install -y -q @postgresql:16/server"]

    (tmp_path / "10").mkdir()
    ten = Host(tmp_path / "10")
    ten.command("dnf", f'case "$*" in *@*) exit 1;; *postgresql-server) {MAKES_INITDB};; esac\n')
    assert ten.run(f"{FOUND}; install_postgresql").returncode == 0
    assert ten.called() == ["dnf install -y -q @postgresql:16/server", "dnf install -y -q postgresql-server"]


def test_an_old_postgresql_of_centos_is_left_alone(host: Host) -> None:
    host.command("dnf")
    host.command("initdb")
    found = "find_postgresql() { echo 'initdb is of version 13'; return 1; }"
    done = host.run(f"source tests/packages.sh; {found}; install_postgresql")
    assert done.returncode == 1
    assert "PostgreSQL is too old for the tests: initdb is of version 13" in done.stderr
    assert host.called() == []


def test_who_may_not_install_postgresql_is_told_the_commands_of_both_versions_of_centos(host: Host) -> None:
    host.command("dnf")
    done = host.run(f"{FOUND}; install_postgresql", root=False)
    assert done.returncode == 1
    assert "dnf install @postgresql:16/server (CentOS 9), or dnf install postgresql-server (CentOS 10)" in done.stderr
    assert host.called() == []
