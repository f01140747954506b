"""Filters of log records."""

import logging


class OneLineRefusals(logging.Filter):
    """Cuts the traceback from the record of a refused request: 400, 403 and the like are no faults of the code."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
