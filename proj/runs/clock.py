"""The clock's jobs for runs. Each makes one conditional UPDATE at a time, so that two clocks do nothing twice."""

from proj.runs.upkeep import retention, scheduling, sweeps

# seconds between two calls, and the function
JOBS = (
    (1.0, scheduling.start_scheduled),
    (5.0, sweeps.lose_silent_runs),
    (5.0, sweeps.wake_for_forgotten_runs),
    (600.0, retention.delete_expired_runs),
    (600.0, sweeps.archive_abandoned_runs),
    (600.0, sweeps.remove_unneeded_folders),
)
