"""`python -m tests.text.rules`: write the server's rules for terminal output, which the browser's tests read."""

import json
from pathlib import Path

from proj.text import ansi

FILE = Path(__file__).with_name("rules.json")


def current() -> str:
    """Return the content that the file should have."""
    return json.dumps(ansi.BROWSER_RULES, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(current())
