"""A real page of a run that stays open while processes of the stack restart: its lines, and its frames."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# Records the output frames of all sockets of the page.
RECORD = """(() => {
    globalThis.pieces = [];
    const own = WebSocket.prototype.addEventListener;
    const take = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === "output") pieces.push([frame.offset, frame.end, frame.text]);
    };
    WebSocket.prototype.addEventListener = function (type, heard, ...rest) {
        if (type === "close") own.call(this, "message", take);
        return own.call(this, type, heard, ...rest);
    };
})()"""

# The page holds only the lines in view: scroll from the first to the last, and collect all.
SCROLL = """async () => {
    const scroller = document.getElementById("scroller");
    const found = [];
    for (let top = 0; top <= scroller.scrollHeight; top += scroller.clientHeight / 2) {
        scroller.scrollTop = top;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        while (scroller.querySelector(".unknown")) await new Promise((done) => setTimeout(done, 50));
        for (const line of scroller.querySelectorAll("[data-line]"))
            found.push([Number(line.dataset.line), line.parentElement.querySelector(".said").textContent]);
    }
    return found;
}"""


class LongPage:
    """An open page of a run."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def lines(self, count: int) -> list[str]:
        """Wait until the page shows the end of the run; return the texts of its lines in order."""
        expect(self.page.locator("#status")).to_have_attribute("data-state", "over", timeout=60_000)
        expect(self.page.locator("#total")).to_have_text(f"{count} lines")
        seen = {(int(number), str(text)) for number, text in self.page.evaluate(SCROLL)}
        numbers = [number for number, _ in sorted(seen)]
        assert numbers == list(range(1, count + 1)), "a line is missing, or has stood in two places"
        return [text for _, text in sorted(seen)]

    def received(self) -> tuple[int, bytes]:
        """Return the offset of the first output frame, and all output from there. AssertionError: a gap or a repeat."""
        pieces = self.page.evaluate("pieces")
        begun: int = pieces[0][0]
        output = b""
        for offset, end, text in pieces:
            assert offset == begun + len(output), "a gap or a repeat"
            output += text.encode()
            assert end == begun + len(output)
        return begun, output


@contextmanager
def browser(url: str, cookie: str) -> Iterator[Callable[[str], LongPage]]:
    """Yield a function that opens the page of a run in Chromium, with the session of `cookie`."""
    with chromium(url, cookie) as context:
        context.add_init_script(RECORD)

        def open_page(id: str) -> LongPage:
            page = context.new_page()
            page.goto(f"{url}/runs/{id}/")
            return LongPage(page)

        yield open_page


def program() -> str:
    """Return the path of Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "this needs Chromium: ./tests/run installs it"
    return found


@contextmanager
def chromium(url: str, cookie: str) -> Iterator[BrowserContext]:
    """Yield a browser with the session of `cookie`."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program(), args=ARGUMENTS)
        context = running.new_context()
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": url}])
        yield context
        running.close()
