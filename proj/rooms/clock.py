"""What the clock (`manage.py clock`) does for rooms."""

from proj.rooms.retention import prune_all

# seconds between two times, and what is done then
JOBS = ((3600.0, prune_all),)
