"""The undocumented parts of prometheus_client that metrics use are there, in the version installed."""

from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

METRICS = Path(__file__).resolve().parents[2] / "proj" / "metrics"


def test_the_parts_are_there() -> None:
    for owner, name in (
        (values, "ValueClass"),
        (values, "MultiProcessValue"),
        (MmapedDict, "read_all_values_from_file"),
        (MultiProcessCollector, "merge"),
    ):
        assert hasattr(owner, name), f"{owner!r}: {name}"


def test_no_other_file_touches_them() -> None:
    for file in METRICS.glob("*.py"):
        if file.name != "prometheus_internals.py":
            text = file.read_text()
            assert "mmap_dict" not in text, file
            assert "multiprocess import" not in text, file
            assert "import values" not in text, file
