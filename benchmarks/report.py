"""Samples as markdown: a table for each scenario, a row for each system, medians with the least and the most."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchmarks.scenarios import CHANNELS1_PACKAGES

Sample = Mapping[str, Any]
Value = Callable[[Sample], float | None]
BASE = "stock"  # the system to which ratios refer
CHAT = "chat"  # the row to which those of Channels 1.x code refer: Signalbox's own chat


def spread(values: Iterable[float | None], digits: int = 1) -> str:
    """Return `median (least-most)`, or the only value."""
    found = [value for value in values if value is not None]
    if not found:
        return "-"
    middle = f"{statistics.median(found):,.{digits}f}"
    low, high = f"{min(found):,.{digits}f}", f"{max(found):,.{digits}f}"
    return middle if low == high else f"{middle} ({low}-{high})"


def middle(samples: Sequence[Sample], value: Value) -> float | None:
    found = [each for each in map(value, samples) if each is not None]
    return statistics.median(found) if found else None


def path(*names: str) -> Value:
    """Return a function that reads the value at this path of a sample."""

    def value(sample: Sample) -> float | None:
        found: Any = sample
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return None if found is None else float(found)

    return value


class Column:
    """One column: its heading, and its cell for the samples of a system and those of the stock chat."""

    def __init__(self, heading: str, cell: Callable[[Sequence[Sample], Sequence[Sample]], str]) -> None:
        self.heading = heading
        self.cell = cell


def figure(heading: str, value: Value, digits: int = 1) -> Column:
    return Column(heading, lambda samples, _: spread(map(value, samples), digits))


def ratio(heading: str, value: Value, digits: int = 2) -> Column:
    def cell(samples: Sequence[Sample], base: Sequence[Sample]) -> str:
        ours, theirs = middle(samples, value), middle(base, value)
        return f"{ours / theirs:,.{digits}f}" if ours is not None and theirs else "-"

    return Column(heading, cell)


def parts(heading: str, name: str, digits: int = 1) -> Column:
    """Return a column with the medians of a mapping by group of processes."""

    def cell(samples: Sequence[Sample], _: Sequence[Sample]) -> str:
        groups = dict.fromkeys(group for sample in samples for group in sample.get(name, {}))
        return ", ".join(f"{group} {middle(samples, path(name, group)) or 0:,.{digits}f}" for group in groups)

    return Column(heading, cell)


def faults(*where: str) -> Column:
    """Return a column that counts lost, doubled and misplaced messages over all samples."""

    def cell(samples: Sequence[Sample], _: Sequence[Sample]) -> str:
        names = ("lost", "doubled", "out_of_order")
        return " / ".join(f"{sum(path(*where, name)(sample) or 0 for sample in samples):,.0f}" for name in names)

    return Column("lost / doubled / out of order", cell)


def beside(value: str) -> Value:
    """Return the quotient of a latency with and without the troublemaker."""

    def quotient(sample: Sample) -> float | None:
        with_it, without = path("with", "latency_ms", value)(sample), path("without", "latency_ms", value)(sample)
        return with_it / without if with_it is not None and without else None

    return quotient


def quotient(sample: Sample, above: str, below: str) -> float | None:
    """Return the quotient of two values of a sample; None when it lacks one of them."""
    return sample[above] / sample[below] if sample.get(above) is not None and sample.get(below) else None


def other_work(sample: Sample) -> float | None:
    """Return the cores that neither the system nor the client used. Other work makes the figures doubtful."""
    used: float = sample["machine_cores"] - sum(sample["cpu_share"].values()) - sample["client_share"]
    return max(0.0, used)


STEADY = [
    figure("CPU µs per delivery", path("cpu_us")),
    ratio("to stock", path("cpu_us"), 3),
    parts("of which", "cpu_us_by"),
    figure("deliveries/s", path("deliveries_s"), 0),
    ratio("to stock", path("deliveries_s"), 1),
    figure("p50 ms", path("latency_ms", "p50")),
    figure("p95 ms", path("latency_ms", "p95")),
    figure("p99 ms", path("latency_ms", "p99")),
    figure("max ms", path("latency_ms", "max")),
    faults(),
    figure("client's share of a core", path("client_share"), 2),
    figure("cores in other work", other_work, 2),
]
CHANNELS1 = [
    figure("CPU µs per delivery, without nginx", path("behind_nginx_us")),
    ratio("to the chat", path("behind_nginx_us")),
    figure("Channels 1.x itself", path("channels1_us"), 0),
    figure("to Channels 1.x", lambda sample: quotient(sample, "behind_nginx_us", "channels1_us"), 3),
    parts("of which, and nginx", "cpu_us_by"),
    figure("deliveries/s", path("deliveries_s"), 0),
    figure("p50 ms", path("latency_ms", "p50")),
    figure("p95 ms", path("latency_ms", "p95")),
    figure("p99 ms", path("latency_ms", "p99")),
    figure("max ms", path("latency_ms", "max")),
    faults(),
    figure("client's share of a core", path("client_share"), 2),
    figure("cores in other work", other_work, 2),
]
IDLE = [
    figure("sockets", path("sockets"), 0),
    figure("failed handshakes", path("failed"), 0),
    figure("connections/s", path("connections_s"), 0),
    parts("CPU µs per connection", "cpu_us_per_connection", 0),
    parts("kB per socket", "kb_per_socket"),
    parts("share of a core at rest", "resting_share", 3),
]
RETURN = [
    figure("clients", path("sockets"), 0),
    figure("thrown out", path("gone"), 0),
    figure("s until all are back", path("back_s"), 2),
    figure("s until all hear", path("hearing_s"), 2),
    figure("attempts that failed", path("failed"), 0),
    figure("missing", path("missing"), 0),
]
DEAF = [
    figure("MB offered to each", path("with", "offered_mb")),
    figure("growth MB without", path("without", "growth_mb")),
    figure("growth MB with, at most", path("with", "growth_mb")),
    figure("growth MB with, at the end", path("with", "end_growth_mb")),
    figure("p99 ms without", path("without", "latency_ms", "p99")),
    figure("p99 ms with", path("with", "latency_ms", "p99")),
    figure("p99 ratio", beside("p99"), 2),
    faults("with"),
]
FLOOD = [
    figure("frames sent", path("flood", "sent"), 0),
    figure("in s", path("flood", "seconds")),
    figure("closed and back", path("flood", "closed"), 0),
    figure("p50 ms without", path("without", "latency_ms", "p50")),
    figure("p50 ms with", path("with", "latency_ms", "p50")),
    figure("p99 ms without", path("without", "latency_ms", "p99")),
    figure("p99 ms with", path("with", "latency_ms", "p99")),
    figure("p99 ratio", beside("p99"), 2),
    faults("with"),
]
COLUMNS = {"steady": STEADY, "channels1": CHANNELS1, "idle": IDLE, "return": RETURN, "deaf": DEAF, "flood": FLOOD}


Row = tuple[str, Sequence[Sample]]  # a title, and samples


def table(name: str, rows: Mapping[str, Row]) -> list[str]:
    """Return the lines of one scenario's table, with these columns; `rows` holds the row of each system by name."""
    columns = COLUMNS[name]
    base = next((_good(rows[one][1]) for one in (CHAT, BASE) if one in rows), [])
    lines = [
        "| | " + " | ".join(column.heading for column in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    troubles = []
    for title, samples in rows.values():
        good = _good(samples)
        troubles += [f"{title}: {sample['error']}" for sample in samples if "error" in sample]
        troubles += [f"{title}: ended by itself: {', '.join(sample['died'])}" for sample in samples if "died" in sample]
        if good:
            lines.append(f"| {title} | " + " | ".join(column.cell(good, base) for column in columns) + " |")
    if troubles:
        lines += ["", *(f"- {trouble}" for trouble in troubles)]
    return lines


def _good(samples: Sequence[Sample]) -> list[Sample]:
    return [sample for sample in samples if "error" not in sample]


def report(run: Mapping[str, Any]) -> str:
    """Return the whole page as markdown."""
    lines = [f"# {run['date']}: {', '.join(run['scenarios'])}", ""]
    lines += [
        f"Medians (least-most) of {run['repeats']}, `benchmarks/run {run['arguments']}`.".replace(" `.", "`."),
        "",
    ]
    lines += ["| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in run["machine"].items()]
    lines += [f"| {system['title']} | {system['version']} |" for system in run["systems"].values()]
    lines += [f"| interface processes | {run['interfaces']} |"]
    lines += [f"| load average before | {run['load']} |"]
    for name, scenario in run["scenarios"].items():
        lines += ["", f"## {name}", "", f"{scenario['title']}.", ""]
        lines += table(scenario.get("table", scenario["scene"]), _rows(run, name, scenario))
        if "channels1" in scenario:
            lines += ["", f"{CHANNELS1_PACKAGES}: {scenario['channels1']}."]
    return "\n".join(lines) + "\n"


def _rows(run: Mapping[str, Any], name: str, scenario: Sample) -> dict[str, Row]:
    """Return the rows of a scenario that was measured, with those of other scenarios that stand beside them."""
    rows: dict[str, Row] = {
        system: (details["title"], [{**sample, "channels1_us": scenario.get("channels1_us")} for sample in samples])
        for system, details in run["systems"].items()
        if (samples := _samples(run, name, system))
    }
    if "beside" in scenario and (beside := _samples(run, scenario["beside"], "signalbox")):
        rows[CHAT] = f"its own chat, `{scenario['beside']}`", beside
    return rows


def _samples(run: Mapping[str, Any], name: str, system: str) -> list[Sample]:
    return [each["sample"] for each in run["samples"] if (each["scenario"], each["system"]) == (name, system)]
