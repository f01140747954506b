"""The jobs of the clock for rooms."""

from proj.rooms.retention import prune_all
from proj.rooms.search import index

# seconds between two calls, and the function
JOBS = (
    (1.0, index.keep_up),
    (3600.0, index.sweep),
    (3600.0, prune_all),
)
