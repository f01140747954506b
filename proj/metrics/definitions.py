"""Everything that processes measure. Importing this is what begins the metrics of a process.

Only what supervisord started keeps metrics in files: the shell, the doctor and tests count for themselves.
docs/operations.md has a table of them; a test compares it with this.
"""

import os

from django.conf import settings

from proj.metrics import keeping

_program = os.environ.get("SUPERVISOR_PROCESS_NAME", "")
PROCESS = keeping.begin(settings.METRICS_FOLDER, _program) if _program else ""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: E402 - they ask where to be kept

REGISTRY = CollectorRegistry()  # of this process; what is shown is collected from the files of all

# what a run may wait for: a neighbour's place, or another run of its service
WAITS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)
SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _gauge(name: str, help: str) -> Gauge:
    return Gauge(name, help, ["process"], multiprocess_mode="livesum", registry=REGISTRY)


def _counter(name: str, help: str, *labels: str) -> Counter:
    return Counter(name, help, labels, registry=REGISTRY)


def _seconds(name: str, help: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
    return Histogram(name, help, buckets=buckets, registry=REGISTRY)


# interface processes: sockets
SOCKETS = _gauge("signalbox_sockets", "WebSockets that are open.")
ROOMS = _gauge("signalbox_rooms", "Rooms that somebody has open in this process.")
RECEIVED_FRAMES = _counter("signalbox_received_frames_total", "Frames that browsers sent.")
RECEIVED_BYTES = _counter("signalbox_received_bytes_total", "Bytes in the frames that browsers sent.")
SENT_FRAMES = _counter("signalbox_sent_frames_total", "Frames written to sockets: deliveries.")
SENT_BYTES = _counter("signalbox_sent_bytes_total", "Bytes in the frames written to sockets.")
REFUSALS = _counter("signalbox_refusals_total", "What was said and refused, by the protocol's error code.", "code")
CLOSES = _counter("signalbox_closes_total", "WebSockets that ended, by close code.", "code")
SLOW_SOCKETS = _counter(
    "signalbox_slow_sockets_total", "Times that a socket came to be behind by half of what closes it with 4408."
)

# interface processes: what comes from and goes to the other processes
OUTBOX_BATCHES = _counter("signalbox_outbox_batches_total", "Layer messages with commands, handed to the chat worker.")
OUTBOX_COMMANDS = _counter("signalbox_outbox_commands_total", "Commands handed to the chat worker.")
GAPS = _counter("signalbox_gaps_total", "Times that a room was filled from the database.")
GAP_EVENTS = _counter("signalbox_gap_events_total", "Events that the layer did not bring, read from the database.")
UNREADABLE = _counter(
    "signalbox_unreadable_messages_total",
    "Layer messages that could not be read, by who should have: mailbox, or the channel of a worker.",
    "reader",
)

# workers
WORKER_BATCHES = _counter("signalbox_worker_batches_total", "Batches that a worker has done.", "channel")
WORKER_ITEMS = _counter("signalbox_worker_items_total", "Items (of chat: commands) that a worker has done.", "channel")
WORKER_FAILURES = _counter("signalbox_worker_failures_total", "Tries of a worker that raised.", "channel")
WORKER_SET_ASIDE = _counter("signalbox_worker_set_aside_total", "Items that a worker has given up.", "channel")
UNPUBLISHED = _counter(
    "signalbox_unpublished_messages_total", "Layer messages with stored events or answers that Redis did not take."
)

# run workers; how runs ended is counted in the database, see collecting.py
RUN_BYTES = _counter("signalbox_run_bytes_total", "Bytes of runs' output that were stored.")
RUN_WAIT = _seconds("signalbox_run_wait_seconds", "From a run's start by somebody to its command running.", WAITS)

# how long it takes
RECEIVE_TO_COMMIT = _seconds(
    "signalbox_receive_to_commit_seconds", "From a command's arrival to its commit, for each event of a socket."
)
COMMIT_TO_DELIVERY = _seconds(
    "signalbox_commit_to_delivery_seconds",
    "From commit to the sockets, for each layer message with events and each process that delivers it.",
)
RECEIVE_TO_DELIVERY = _seconds(
    "signalbox_receive_to_delivery_seconds",
    "From the arrival of the oldest command in a layer message to the sockets, for each process that delivers it.",
)
