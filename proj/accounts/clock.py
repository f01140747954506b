"""The jobs of the clock for people and their sessions."""

from proj.accounts import access, sessions

# seconds between two calls, and the function
JOBS = (
    (600.0, access.forget_old_changes),
    (3600.0, sessions.tidy),
)
