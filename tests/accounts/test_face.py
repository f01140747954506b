"""Faces: a letter of any script, in a colour that is always the same; static/rooms/people/face.js does the same."""

import re
from math import cos, radians, sin
from pathlib import Path

import pytest
from django.conf import settings

from proj.accounts.face import HUES, hue, letter

# The sign-in name, the display name, and the face that Python and JavaScript (tests/browser) make of them.
FACES = [
    ("alice", "", "a", 8),
    ("bob", "Bob", "B", 4),
    ("charlie", "Чарли", "Ч", 0),
    ("x", "王伟", "王", 0),
    ("иван", "", "и", 4),
    ("zoe", "e\u0301lan", "e\u0301", 3),
    ("d.eve", "(Eve)", "E", 11),
    ("_ops", "", "o", 2),
    ("a", "...", ".", 1),
    ("b", "🎉 party", "🎉", 2),
    ("c", "👋🏽", "👋🏽", 3),
    ("d", "🇩🇪🇫🇷", "🇩🇪", 4),
    ("e", "👩\u200d💻 dev", "👩\u200d💻", 5),
    ("f", "1\ufe0f\u20e3 one", "1\ufe0f\u20e3", 6),
    ("g", "नीला", "नी", 7),
    ("h", "שרה", "ש", 8),
    ("i", "\u0301", "\u0301", 9),
]
TOKENS = (Path(settings.BASE_DIR) / "proj/static/css/shared/tokens.css").read_text()


@pytest.mark.parametrize(("who", "name", "shown", "colour"), FACES)
def test_a_face_has_the_first_letter_and_a_colour(who: str, name: str, shown: str, colour: int) -> None:
    assert (letter(name or who), hue(who)) == (shown, colour)


def test_colours_are_spread_evenly() -> None:
    counts = [0] * HUES
    for number in range(12_000):
        counts[hue(f"person-{number}")] += 1
    assert min(counts) > 800


def test_the_letter_can_be_read_on_every_colour_by_day_and_by_night() -> None:
    """WCAG AA: at least 4.5:1."""
    grounds = re.findall(r"oklch\((\d+)% ([\d.]+) var\(--hue\)\)", TOKENS)
    inks = re.search(r"--accent-ink: light-dark\(#(\w+), #(\w+)\)", TOKENS)
    hues = [0, *map(int, re.findall(r"\.hue-\d+ \{ --hue: (\d+); \}", TOKENS))]
    assert len(set(hues)) == HUES
    assert inks
    for (lightness, chroma), ink in zip(grounds, inks.groups(), strict=True):
        written = luminance([linear(int(ink[at : at + 2], 16) / 255) for at in (0, 2, 4)])
        for angle in hues:
            ground = luminance(srgb(int(lightness) / 100, float(chroma), angle))
            low, high = sorted((written, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (lightness, angle)


def linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def luminance(rgb: list[float]) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def srgb(lightness: float, chroma: float, angle: float) -> list[float]:
    """Return an oklch() colour of CSS Color 4 as linear red, green and blue, clipped to the range of a screen."""
    a, b = chroma * cos(radians(angle)), chroma * sin(radians(angle))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    mixed = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return [min(1.0, max(0.0, value)) for value in mixed]
