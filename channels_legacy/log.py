"""The logger of Channels 1.x's commands. Its handlers are those of Django's settings."""

import logging


def setup_logger(name: str, verbosity: int = 1) -> logging.Logger:
    """Return the logger `name`, at level INFO, or DEBUG with a verbosity above 1."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    return logger
