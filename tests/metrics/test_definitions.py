"""The metrics, and their table in docs/operations.md, agree."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from prometheus_client.metrics_core import Metric

from proj.metrics import collecting
from proj.metrics.definitions import REGISTRY

OPERATIONS = Path(settings.BASE_DIR) / "docs" / "operations.md"
SUFFIX = {"counter": "_total", "gauge": "", "histogram": ""}


def shown() -> dict[str, Metric]:
    """Return every metric by its name in Prometheus."""
    collectors = (collecting.LayerCollector(), collecting.RunCollector(), collecting.DelayedCollector())
    found = [*REGISTRY.collect(), *(metric for one in collectors for metric in one.collect())]
    return {metric.name + SUFFIX[metric.type]: metric for metric in found}


@pytest.mark.django_db
def test_the_table_has_every_metric_and_its_kind() -> None:
    section = OPERATIONS.read_text().partition("\n## Metrics")[2].partition("\n## ")[0]
    documented = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            names, kind = line.split(" | ")[:2]
            documented.update(dict.fromkeys(re.findall(r"`(\w+)", names), kind))
    assert documented == {name: metric.type for name, metric in shown().items()}


@pytest.mark.django_db
def test_units_are_in_the_names_and_help_says_something() -> None:
    for name, metric in shown().items():
        assert name.startswith("signalbox_")
        assert metric.documentation.endswith(".")
        if metric.type == "histogram":
            assert name.endswith("_seconds")


def test_the_channels_are_those_of_the_router() -> None:
    from proj.asgi import application

    assert collecting.channels() == sorted(application.application_mapping["channel"].application_mapping)
