"""Access to the metrics: by address, by token."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.django_db  # it has the counts of runs

TOKEN = "a token of more than twenty characters".replace(" ", "-")
HERE, FAR = "127.0.0.1", "192.0.2.7"


@pytest.fixture(autouse=True)
def _settings(settings: Any, tmp_path: Any) -> None:
    settings.METRICS_FOLDER = tmp_path
    settings.METRICS_TOKEN = TOKEN


def status(address: str = FAR, path: str = "/metrics", **more: Any) -> int:
    answer = Client().get(path, REMOTE_ADDR=address, **more)
    if answer.status_code == 403:
        assert answer.content == b""
    return answer.status_code


def test_a_trusted_address_reads_metrics_that_prometheus_understands() -> None:
    answer = Client().get("/metrics", REMOTE_ADDR=HERE)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in answer["Cache-Control"]
    families = {family.name: family for family in text_string_to_metric_families(answer.content.decode())}
    assert families["signalbox_layer_up"].samples[0].value == 1
    assert families["signalbox_waiting_messages"].samples[0].labels == {"channel": "chat"}


def test_any_other_address_does_not() -> None:
    assert status(FAR) == 403
    assert status("::1") == 200
    assert status("") == 403


def test_the_trusted_networks_are_a_setting(settings: Any) -> None:
    settings.METRICS_FROM = [ip_network("192.0.2.0/24")]
    assert status(FAR) == 200
    assert status(HERE) == 403


def test_what_an_unknown_proxy_passes_on_is_not_trusted_for_the_proxys_address() -> None:
    assert status(HERE, UNKNOWN_PROXY="yes") == 403
    assert status(HERE, UNKNOWN_PROXY="yes", headers={"Authorization": f"Bearer {TOKEN}"}) == 200
    assert status(HERE, headers={"Unknown-Proxy": "yes"}) == 200  # a header of the client is not nginx's parameter


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 403),
        (f"Bearer {TOKEN[:-1]}", 403),
        ("Bearer ", 403),
        ("Bearer", 403),
        (f"Basic {TOKEN}", 403),
        (TOKEN, 403),
        ("Bearer 运维", 403),
    ],
)
def test_the_token_opens_from_anywhere_and_nothing_like_it_does(authorization: str, expected: int) -> None:
    assert status(headers={"Authorization": authorization}) == expected


def test_a_token_in_the_address_opens_nothing() -> None:
    assert status(path=f"/metrics?token={TOKEN}&access_token={TOKEN}&Authorization=Bearer%20{TOKEN}") == 403


def test_without_a_token_set_an_empty_one_opens_nothing(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert status(headers={"Authorization": "Bearer "}) == 403


def test_the_rest_is_shown_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise ConnectionError("away")

    monkeypatch.setattr("proj.metrics.collecting._workers", away)
    text = Client().get("/metrics", REMOTE_ADDR=HERE).content.decode()
    assert "signalbox_layer_up 0.0" in text
    assert "signalbox_workers" not in text
