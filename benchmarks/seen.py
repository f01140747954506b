"""From the commit of a queued run to its first line in a real browser, on the whole stack as ./deploy/up brings it up.

`watched`: a page that is already open, with a socket to /ws/deploy/<service>/, which switches to each new run.
`pressed`: the button on the service's page, and the page of the run to which it leads; the time begins with the row's
creation and not with its commit.
"""

import json
import time
from datetime import datetime

from playwright.sync_api import BrowserContext, Page

from benchmarks import shell
from benchmarks.host import Trouble
from tests.system.long_page import chromium
from tests.system.stack import Stack

TIMES = 100
LAST_RUN_TIMEOUT_SECONDS = 20.0  # for the last run to appear
SERVICE = """
[hello]
command = ["echo", "hello"]
concurrency = 100
run_by = "everyone"
"""

# Each frame becomes elements; an observer records when the first line of each run stands in the document.
WATCH = """(uid) => {
    globalThis.seen = {};
    const log = document.body.appendChild(document.createElement("section"));
    new MutationObserver((all) => {
        for (const { target } of all)
            if (target.dataset?.run) seen[target.dataset.run] ??= performance.timeOrigin + performance.now();
    }).observe(log, { childList: true, subtree: true });
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/deploy/${uid}/`, ["signalbox.v1"]);
    let shown;
    socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === "run") {
            shown = log.appendChild(document.createElement("ol"));
            shown.dataset.run = frame.run.run;
        } else if (frame.type === "output") {
            for (const line of frame.text.split("\\n"))
                shown.appendChild(document.createElement("li")).textContent = line;
        }
    };
    return new Promise((done, failed) => { socket.onopen = done; socket.onerror = failed; });
}"""

# On the page of a run: the time when its first line stands there, from the page itself or from the socket.
FIRST = """new MutationObserver((_, observer) => {
    const said = document.querySelector("#lines .said");
    if (!said?.textContent) return;
    globalThis.first = performance.timeOrigin + performance.now();
    observer.disconnect();
}).observe(document, { childList: true, subtree: true, characterData: true });"""


def measured() -> dict[str, list[float] | int]:
    """Return seconds for each run in both ways, and the number of runs that the watching page never showed."""
    stack = Stack()
    try:
        stack.start()
        stack.wait_green()
        (stack.root / "hello.toml").write_text(SERVICE)
        stack.manage("loadservices", "hello.toml")
        with chromium(stack.url, stack.sign_in("alice")) as context:
            watched = _watched(stack, context.new_page())
            pressed = _pressed(stack, context)
        return {"watched": watched, "watched_not_seen": TIMES - len(watched), "pressed": pressed}
    finally:
        stack.stop()


def _watched(stack: Stack, page: Page) -> list[float]:
    page.goto(f"{stack.url}/services/")
    page.evaluate(WATCH, "hello")
    printed = stack.manage("shell", "-c", shell.ONE_BY_ONE.format(count=TIMES, pause=0.25))
    committed = {id: times[0] for id, times in json.loads(printed.rpartition("out:")[2]).items()}
    limit = time.monotonic() + LAST_RUN_TIMEOUT_SECONDS
    while committed.keys() - (seen := page.evaluate("seen")).keys() and time.monotonic() < limit:
        page.wait_for_timeout(50)
    return [seen[id] / 1000 - at for id, at in committed.items() if id in seen]


def _pressed(stack: Stack, context: BrowserContext) -> list[float]:
    page = context.new_page()
    page.add_init_script(FIRST)
    found: dict[str, float] = {}
    for _ in range(TIMES):
        page.goto(f"{stack.url}/services/hello/")
        page.click("#start button")
        page.wait_for_function("() => globalThis.first")
        found[page.url.rstrip("/").rpartition("/")[2].replace("-", "")] = page.evaluate("first") / 1000
    rows = stack.select("SELECT id, created_at FROM runs_run")
    created = {row["id"]: datetime.fromisoformat(f"{row['created_at']}+00:00").timestamp() for row in rows}
    if len(found) != TIMES or not found.keys() <= created.keys():
        raise Trouble("a click on the button started no run of its own")
    return [at - created[id] for id, at in found.items()]
