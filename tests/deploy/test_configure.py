"""deploy/configure.py: var/signalbox.env is written once and then only where it must change."""

import stat

import pytest

from deploy import configure
from tests.deploy.conftest import Checkout


def test_a_new_host_gets_everything_it_needs() -> None:
    values = configure.configured({}, {})

    assert values["SIGNALBOX_URLS"] == "http://127.0.0.1:8080,http://localhost:8080"
    assert len(values["SIGNALBOX_SECRET_KEY"]) >= 50


def test_what_is_there_stays() -> None:
    old = configure.configured({}, {}) | {"SIGNALBOX_POST_RATE": "3"}

    assert configure.configured(old, {}) == {}


def test_the_default_addresses_follow_the_port() -> None:
    old = configure.configured({}, {})

    assert configure.configured(old, {"SIGNALBOX_PORT": "9000"}) == {
        "SIGNALBOX_PORT": "9000",
        "SIGNALBOX_URLS": "http://127.0.0.1:9000,http://localhost:9000",
    }


def test_chosen_addresses_stay_when_the_port_changes() -> None:
    old = configure.configured({}, {}) | {"SIGNALBOX_URLS": "https://ops.example.org"}

    assert configure.configured(old, {"SIGNALBOX_PORT": "9000"}) == {"SIGNALBOX_PORT": "9000"}


def test_every_address_means_the_names_of_this_host_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.listen.own_names", lambda: ["Ops1", "10.0.0.5"])

    values = configure.configured({}, {"SIGNALBOX_BIND": "0.0.0.0"})  # noqa: S104

    assert values["SIGNALBOX_URLS"].endswith(",http://localhost:8080,http://ops1:8080,http://10.0.0.5:8080")


def test_other_lines_are_untouched() -> None:
    text = "# mine\nexport SIGNALBOX_PORT = 1\nOTHER='x y'\n"

    assert (
        configure.changed(text, {"SIGNALBOX_PORT": "2", "NEW": "3"}) == "# mine\nSIGNALBOX_PORT=2\nOTHER='x y'\nNEW=3\n"
    )
    assert configure.parse(text) == {"SIGNALBOX_PORT": "1", "OTHER": "x y"}


def test_the_file_is_private_and_the_second_run_changes_nothing(checkout: Checkout) -> None:
    first = checkout.python("-m", "deploy.configure")
    file = checkout.root / "var" / "signalbox.env"
    text = file.read_text()
    second = checkout.python("-m", "deploy.configure")

    assert first.stdout == second.stdout == f"http://127.0.0.1:{checkout.port}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("name", "value"), [("SIGNALBOX_PORT", "http"), ("SIGNALBOX_PORT", "0"), ("SIGNALBOX_BIND", "ops1")]
)
def test_nonsense_is_refused_and_not_written(checkout: Checkout, name: str, value: str) -> None:
    done = checkout.python("-m", "deploy.configure", **{name: value})

    assert done.returncode == 1
    assert done.stderr.startswith(f"signalbox: the setting {name} must be ")
    assert done.stderr.count("\n") == 1
    assert not (checkout.root / "var" / "signalbox.env").exists()
