"""The metrics of all processes. Importing this module begins the metrics of a process.

Only programs of supervisord store metrics in files: the shell, the doctor and tests count in memory. The table in
docs/operations.md lists all metrics; a test compares it with this module.
"""

import os

from django.conf import settings

from proj.metrics import storage

_program = os.environ.get("SUPERVISOR_PROCESS_NAME", "")
PROCESS = storage.begin(settings.METRICS_FOLDER, _program) if _program else ""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: E402 - after begin(), which says where they are stored

REGISTRY = CollectorRegistry()  # of this process; `/metrics` collects the files of all processes

# upper bounds in seconds: a run may wait for a free slot of a worker, or for another run of its service
WAIT_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)
LATENCY_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _gauge(name: str, help: str) -> Gauge:
    return Gauge(name, help, ["process"], multiprocess_mode="livesum", registry=REGISTRY)


def _counter(name: str, help: str, *labels: str) -> Counter:
    return Counter(name, help, labels, registry=REGISTRY)


def _seconds(name: str, help: str, buckets: tuple[float, ...] = LATENCY_BUCKETS) -> Histogram:
    return Histogram(name, help, buckets=buckets, registry=REGISTRY)


# interface processes: sockets
SOCKETS = _gauge("signalbox_sockets", "WebSockets that are open.")
ROOMS = _gauge("signalbox_rooms", "Rooms with a socket in this process.")
RECEIVED_FRAMES = _counter("signalbox_received_frames_total", "Frames that browsers sent.")
RECEIVED_BYTES = _counter("signalbox_received_bytes_total", "Bytes in the frames that browsers sent.")
SENT_FRAMES = _counter("signalbox_sent_frames_total", "Frames written to sockets: deliveries.")
SENT_BYTES = _counter("signalbox_sent_bytes_total", "Bytes in the frames written to sockets.")
REFUSALS = _counter("signalbox_refusals_total", "Frames and commands refused, by the protocol's error code.", "code")
CLOSES = _counter("signalbox_closes_total", "WebSockets that ended, by close code.", "code")
SLOW_SOCKETS = _counter(
    "signalbox_slow_sockets_total", "Times that a socket's backlog reached half of the limit that closes it with 4408."
)

# interface processes: messages from and to the other processes
OUTBOX_BATCHES = _counter("signalbox_outbox_batches_total", "Layer messages with commands, handed to the chat worker.")
OUTBOX_COMMANDS = _counter("signalbox_outbox_commands_total", "Commands handed to the chat worker.")
TURNS = _counter(
    "signalbox_turns_total",
    "Turns of Channels 1.x sockets, by result: done, lost (its worker died), again (the queue lost it), no_worker.",
    "result",
)
TURNS_IN_FLIGHT = _gauge(
    "signalbox_turns_in_flight", "Turns of Channels 1.x sockets that wait for a worker or are in a worker's hand."
)
HANDSHAKES = _counter(
    "signalbox_channel_handshakes_total",
    "Handshakes of Channels 1.x sockets, by result: accepted, denied, failed, undecided, gone, origin, database.",
    "result",
)
LATE_REPLIES = _counter("signalbox_late_replies_total", "Replies of Channels 1.x code to sockets that were gone.")
GAPS = _counter("signalbox_gaps_total", "Times that a room was filled from the database.")
GAP_EVENTS = _counter("signalbox_gap_events_total", "Events lost by the layer, read from the database.")
UNREADABLE = _counter(
    "signalbox_unreadable_messages_total",
    "Layer messages and commands that could not be read, by reader: mailbox, or the channel of a worker.",
    "reader",
)

# workers
WORKER_BATCHES = _counter("signalbox_worker_batches_total", "Batches that a worker handled.", "channel")
WORKER_ITEMS = _counter("signalbox_worker_items_total", "Items (of chat: commands) that a worker handled.", "channel")
WORKER_FAILURES = _counter("signalbox_worker_failures_total", "Tries of a worker that raised.", "channel")
WORKER_SET_ASIDE = _counter("signalbox_worker_set_aside_total", "Items that a worker set aside.", "channel")
CONSUMERS = _counter(
    "signalbox_channel_consumers_total",
    "Messages that Channels 1.x consumers handled, by outcome: done, unmatched, later, failed, slow, stuck.",
    "outcome",
)
UNPUBLISHED = _counter(
    "signalbox_unpublished_messages_total", "Layer messages with stored events or answers that Redis did not take."
)

# run workers; the database counts ended runs, see collecting.py
RUN_BYTES = _counter("signalbox_run_bytes_total", "Bytes of runs' output that were stored.")
RUN_WAIT = _seconds(
    "signalbox_run_wait_seconds", "From the request of a run to the start of its command.", WAIT_BUCKETS
)

# latencies
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
