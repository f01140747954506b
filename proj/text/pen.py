"""The styles, colours and link with which a terminal would write the next text (SGR, ECMA-48 8.3.117; ITU T.416).

Colours are numbers of the sixteen ("0" to "15"), or for the others three hexadecimal digits: "#f80". The page has a
class for each digit of red, green and blue, because its security policy forbids styles inside the HTML.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape

from proj.text import sequences

STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
STYLES_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
SAME_STYLES = {21: 4}  # a double underline
UNDERLINE = 4  # `4:0` ends it
FOREGROUND = {30 + n: str(n) for n in range(8)} | {90 + n: str(8 + n) for n in range(8)} | {39: ""}
BACKGROUND = {40 + n: str(n) for n in range(8)} | {100 + n: str(8 + n) for n in range(8)} | {49: ""}
EXTENDED = {38: "foreground", 48: "background", 58: ""}  # the underline's colour is not shown
PALETTE, TRUE_COLOUR = 5, 2  # the forms of extended colours
FORM_NUMBERS = {PALETTE: 1, TRUE_COLOUR: 3, 3: 3, 4: 4}  # numbers behind each form
BASIC_COLOURS = 16
CUBE_LEVELS = (0, 95, 135, 175, 215, 255)  # of red, green and blue in colours 16 to 231
FIRST_GREY = 232
STEP = 17  # between two of the sixteen levels of a digit
LINK_ATTRIBUTES = 'target="_blank" rel="noopener noreferrer nofollow ugc"'
INVERSE_PAPER = "7"  # where the text has no colour

# The same numbers for the browser (static/runs/terminal/pen.js).
BROWSER_RULES = {
    "styles": STYLES,
    "stylesOff": STYLES_OFF,
    "sameStyles": SAME_STYLES,
    "underline": UNDERLINE,
    "foreground": FOREGROUND,
    "background": BACKGROUND,
    "extended": EXTENDED,
    "palette": PALETTE,
    "trueColour": TRUE_COLOUR,
    "formNumbers": FORM_NUMBERS,
    "basicColours": BASIC_COLOURS,
    "cubeLevels": CUBE_LEVELS,
    "firstGrey": FIRST_GREY,
    "step": STEP,
    "inversePaper": INVERSE_PAPER,
}


@dataclass(slots=True)
class Pen:
    """The state of SGR and of links."""

    styles: set[int] = field(default_factory=set)
    foreground: str = ""
    background: str = ""
    link: str = ""

    @property
    def writes_styled(self) -> bool:
        """Whether text would differ from plain text."""
        return bool(self.styles or self.foreground or self.background or self.link)

    def written(self, text: str, *, shades: bool = True) -> str:
        """Return `text` as HTML; without `shades`, other colours become the nearest of the sixteen."""
        if not text or not self.writes_styled:
            return escape(text)
        classes = _classes(frozenset(self.styles), self.foreground, self.background, shades=shades)
        attribute = f' class="{classes}"' if classes else ""
        if self.link:
            href = escape(self.link)
            return f'<a{attribute} href="{href}" title="{href}" {LINK_ATTRIBUTES}>{escape(text)}</a>'
        return f"<span{attribute}>{escape(text)}</span>"

    def sgr(self) -> str:
        """Return the SGR sequence that leads from any state to this one; "" for plain text."""
        codes = [str(style) for style in sorted(self.styles)]
        codes += [_code(38, self.foreground)] if self.foreground else []
        codes += [_code(48, self.background)] if self.background else []
        return f"\x1b[0;{';'.join(codes)}m" if codes else ""

    def opening(self) -> str:
        """Return the sequences that lead from plain text to this state."""
        return self.sgr() + (sequences.link(self.link) if self.link else "")

    def reset(self) -> None:
        """Go back to plain text, as SGR 0 does. A link goes on."""
        self.styles, self.foreground, self.background = set(), "", ""

    def turn(self, parameters: str) -> None:
        """Apply the parameters of one SGR sequence: numbers between `;`, with further numbers between `:`."""
        if "8" not in parameters and ":" not in parameters:  # no extended colour, as usual
            for number in parameters.split(";"):
                self._turn_basic(int(number[:4] or 0))
            return
        remaining = iter(parameters.split(";"))
        for one in remaining:
            first, *further = [int(number[:4] or 0) for number in one.split(":")]
            if first in EXTENDED:
                numbers = _without_colour_space(further) if further else _numbers(remaining)
                if EXTENDED[first] and (colour := _colour(numbers)) is not None:
                    setattr(self, EXTENDED[first], colour)
            elif first == UNDERLINE and further[:1] == [0]:
                self.styles.discard(UNDERLINE)
            else:
                self._turn_basic(first)

    def _turn_basic(self, code: int) -> None:
        if code == 0:
            self.reset()
        elif code in STYLES or code in SAME_STYLES:
            self.styles.add(SAME_STYLES.get(code, code))
        elif code in STYLES_OFF:
            self.styles = {style for style in self.styles if STYLES[style] not in STYLES_OFF[code]}
        elif code in FOREGROUND:
            self.foreground = FOREGROUND[code]
        elif code in BACKGROUND:
            self.background = BACKGROUND[code]


@lru_cache(maxsize=1024)
def _classes(styles: frozenset[int], ink: str, paper: str, *, shades: bool) -> str:
    """Return the classes of an element in this state, with a space between them."""
    if not shades:
        ink, paper = _nearest(ink), _nearest(paper)
    names = sorted(STYLES[style] for style in styles)
    if "inverse" in names:
        names.remove("inverse")
        ink, paper = "", ink or INVERSE_PAPER
    return " ".join(f"ansi-{name}" for name in [*names, *_colour_names("ink", ink), *_colour_names("paper", paper)])


def _colour_names(kind: str, colour: str) -> list[str]:
    if not colour.startswith("#"):
        return [f"{kind}-{colour}"] if colour else []
    return [f"{kind}-{channel}{digit}" for channel, digit in zip("rgb", colour[1:], strict=True)]


def _nearest(colour: str) -> str:
    """Return the nearest of the sixteen colours: the channels above the middle, bright where one is strong."""
    if not colour.startswith("#"):
        return colour
    levels = [int(digit, 16) for digit in colour[1:]]
    middle = (max(levels) + min(levels)) / 2
    bits = sum(1 << channel for channel, level in enumerate(levels) if level > middle)
    if max(levels) - min(levels) < 3:
        bits = 7 if middle > 4 else 0
    return str(bits + (8 if max(levels) > 12 else 0))


def _code(form: int, colour: str) -> str:
    if not colour.startswith("#"):
        return f"{form};{PALETTE};{colour}"
    return f"{form};{TRUE_COLOUR};{';'.join(str(int(digit, 16) * STEP) for digit in colour[1:])}"


def _numbers(remaining: Iterator[str]) -> list[int]:
    """Take the numbers of an extended colour whose parts stand between `;`."""
    form = int((next(remaining, "").partition(":")[0])[:4] or 0)
    return [form, *(int(next(remaining, "").partition(":")[0][:4] or 0) for _ in range(FORM_NUMBERS.get(form, 0)))]


def _without_colour_space(numbers: list[int]) -> list[int]:
    """Return the numbers between `:` without the colour space that may stand before red, green and blue."""
    return [numbers[0], *numbers[2:]] if numbers[0] == TRUE_COLOUR and len(numbers) > FORM_NUMBERS[2] + 1 else numbers


def _colour(numbers: list[int]) -> str | None:
    """Return the colour of these numbers, the form first; None when there is no such colour."""
    form, *rest = numbers
    if form == TRUE_COLOUR and len(rest) >= FORM_NUMBERS[2]:
        return _digits(rest[:3]) if max(rest[:3]) < 256 else None
    if form != PALETTE or not rest or rest[0] > 255:
        return None
    number = rest[0]
    if number < BASIC_COLOURS:
        return str(number)
    if number >= FIRST_GREY:
        return _digits([8 + 10 * (number - FIRST_GREY)] * 3)
    number -= BASIC_COLOURS
    return _digits([CUBE_LEVELS[number // 36], CUBE_LEVELS[number // 6 % 6], CUBE_LEVELS[number % 6]])


def _digits(levels: list[int]) -> str:
    return "#" + "".join(f"{(level + STEP // 2) // STEP:x}" for level in levels)
