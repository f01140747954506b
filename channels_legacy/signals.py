"""The signals around each consumer, and those of a worker that is about to begin."""

from django.db import close_old_connections
from django.dispatch import Signal

consumer_started = Signal()  # environ={}
consumer_finished = Signal()
worker_ready = Signal()
worker_process_ready = Signal()

# Database connections end between consumers as they do between requests.
consumer_finished.connect(close_old_connections)
