"""The undocumented parts of prometheus_client: the files in which a process stores its metrics.

Tested with prometheus_client 0.26.0. tests/metrics/test_internals.py checks that each part exists.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

GAUGE_PREFIX = "gauge_livesum"  # gauges of running processes, summed
FILE_PREFIXES = ("counter", "histogram", GAUGE_PREFIX)  # a file is named <prefix>_<process>.db
HEADER_BYTES = 8  # at the beginning of a file; the first four are the number of bytes in use


def store_in_files(folder: Path, process: str) -> None:
    """Store the values of all metrics that are made from here on in files of `folder`, under this process name."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: process)  # type: ignore[no-untyped-call]


def stored_keys(file: Path) -> Iterator[str]:
    """Yield the keys of a file's values: JSON of metric, sample, labels and help. Raise almost anything if damaged."""
    for key, *_ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
        yield key


def summed(files: Iterable[Path]) -> Iterator[Metric]:
    """Yield the metrics in `files`, summed over the processes."""
    yield from MultiProcessCollector.merge([str(file) for file in files])  # type: ignore[no-untyped-call]
