"""Write var/signalbox.env, the settings of this host, readable by its owner only. Existing values stay.

SIGNALBOX_PORT and SIGNALBOX_BIND from the environment are written to the file for the next start, and default addresses
follow them. Nothing is written when another process holds the port. Prints the main address for deploy/up.
"""

import os
import re
import secrets
import sys

from deploy import listen, port
from proj.env import bind_address, refuse

FILE = listen.ROOT / "var" / "signalbox.env"
FILE_HEADER = "# Settings of this host: KEY=VALUE, one a line; docs/operations.md lists them. Keep it private.\n"
WRITTEN_SETTINGS = ("SIGNALBOX_BIND", "SIGNALBOX_PORT", "SIGNALBOX_URLS", "SIGNALBOX_TRUSTED_PROXIES")


def parse(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", line)
        if match:
            value = match[2]
            found[match[1]] = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
    return found


def changed(text: str, values: dict[str, str]) -> str:
    """Return `text` with these values set and every other line unchanged."""
    for key, value in values.items():
        line = f"{key}={value}"
        pattern = re.compile(rf"^\s*(?:export\s+)?{key}\s*=.*$", re.MULTILINE)
        if pattern.search(text):
            text = pattern.sub(lambda _, line=line: line, text)  # type: ignore[misc]
        else:
            text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
    return text


def default_urls(settings: dict[str, str]) -> str:
    bind = bind_address(settings.get("SIGNALBOX_BIND", "127.0.0.1"))
    return listen.host_urls(bind, int(settings.get("SIGNALBOX_PORT", "8080")))


def configured(old: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Return the values to write, from those of the file and of the environment."""
    given = {key: environment[key].strip() for key in WRITTEN_SETTINGS if environment.get(key)}
    new = {"SIGNALBOX_BIND": "127.0.0.1", "SIGNALBOX_PORT": "8080"} | old | given
    if "\n" in "".join(given.values()):
        refuse("a setting in the environment holds a line break")
    try:
        if not new["SIGNALBOX_PORT"].isascii() or not 1 <= int(new["SIGNALBOX_PORT"]) <= 65535:
            raise ValueError
    except ValueError:
        refuse(f"the setting SIGNALBOX_PORT must be a whole number from 1 to 65535, {new['SIGNALBOX_PORT']!r} is not")
    try:
        # Chosen addresses stay; default addresses follow the new port.
        default = "SIGNALBOX_URLS" not in old or old["SIGNALBOX_URLS"] == default_urls(old)
        if "SIGNALBOX_URLS" not in given and default:
            new["SIGNALBOX_URLS"] = default_urls(new)
    except ValueError as error:
        refuse(f"the setting SIGNALBOX_BIND must be {error}, {new['SIGNALBOX_BIND']!r} is not")
    if not old.get("SIGNALBOX_SECRET_KEY"):
        new["SIGNALBOX_SECRET_KEY"] = secrets.token_urlsafe(48)
    return {key: value for key, value in new.items() if old.get(key) != value}


def write(text: str) -> None:
    draft = FILE.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(handle)
    draft.replace(FILE)


def main() -> None:
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else FILE_HEADER
    old = parse(text)
    values = configured(old, dict(os.environ))
    settings = old | values
    sentence = port.taken(listen.ROOT, bind_address(settings["SIGNALBOX_BIND"]), int(settings["SIGNALBOX_PORT"]))
    if sentence:
        refuse(f"{sentence}. To use another port: SIGNALBOX_PORT=8090 ./deploy/up")
    if values:
        write(changed(text, values))
    FILE.chmod(0o600)
    found = listen.read()
    sys.stdout.write(f"{found.origins[0]}\n")


if __name__ == "__main__":
    main()
