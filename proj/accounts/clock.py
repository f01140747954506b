"""The jobs of the clock for people's sessions."""

from proj.accounts import sessions

# seconds between two calls, and the function
JOBS = ((3600.0, sessions.tidy),)
