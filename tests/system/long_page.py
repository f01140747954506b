"""A real page of a run, held open while what is behind it goes down: its lines, and all that it heard."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# What the page was told of the output, whichever socket brought it.
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

# Only the lines that one looks at are in the page: look at all of them, from the first to the last.
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
    """A run's page that is open."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def lines(self, count: int) -> list[str]:
        """The texts of its lines, in their order, when the run has ended and the page knows."""
        expect(self.page.locator("#status")).to_have_attribute("data-state", "over", timeout=60_000)
        expect(self.page.locator("#total")).to_have_text(f"{count} lines")
        seen = {(int(number), str(text)) for number, text in self.page.evaluate(SCROLL)}
        numbers = [number for number, _ in sorted(seen)]
        assert numbers == list(range(1, count + 1)), "a line is missing, or has stood in two places"
        return [text for _, text in sorted(seen)]

    def heard(self) -> tuple[int, bytes]:
        """What came over its sockets, and how many bytes the page held before. AssertionError for a hole or repeat."""
        pieces = self.page.evaluate("pieces")
        begun: int = pieces[0][0]
        said = b""
        for offset, end, text in pieces:
            assert offset == begun + len(said), "a hole, or a repeat"
            said += text.encode()
            assert end == begun + len(said)
        return begun, said


@contextmanager
def browser(url: str, cookie: str) -> Iterator[Callable[[str], LongPage]]:
    """Opens the page of a run in Chromium, as whoever `cookie` speaks for."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "this needs Chromium: ./tests/run installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        context = chromium.new_context()
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": url}])
        context.add_init_script(RECORD)

        def open_page(id: str) -> LongPage:
            page = context.new_page()
            page.goto(f"{url}/runs/{id}/")
            return LongPage(page)

        yield open_page
        chromium.close()
