"""Mutations of valid input: of JSON values, of text, of bytes. The same seed gives the same mutations."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

HOSTILE_TEXTS = [
    *("", " ", "\0", "a\0b", "\n", "\u202e", "\u200d", "\ufeff", "\ufffd", "\ud800", "\udfff", "e\u0301", "👩\u200d🚒"),
    *("..", "/", "\\", "%", "%s", "%00", "'", '"', "';--", "<script>", "{{x}}", "${x}", "`" * 50, "*" * 3000),
    *("@here", "@alice @bob", "null", "-1", "1e999", "9" * 30, "x" * 9_000, "й" * 9_000, "A\u0300" * 500, "[" * 2000),
]
HOSTILE_NUMBERS = [-1, 0, 1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63), 10**40, 0.5, 1e308, math.nan, math.inf]
HOSTILE_VALUES: list[Any] = [None, True, False, [], {}, [[]], {"a": {}}, [1] * 500, *HOSTILE_NUMBERS, *HOSTILE_TEXTS]


class Mutator:
    """A stream of mutated input."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def fields(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """Return the object with some fields replaced, removed, renamed or added. `names` are likely fields."""
        mutated = dict(fields)
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice([*mutated, *names] or [""])
            match self.random.randrange(5):
                case 0:
                    mutated.pop(name, None)
                case 1:
                    mutated[self.text(name)] = mutated.pop(name, None)
                case 2 if isinstance(mutated.get(name), str):
                    mutated[name] = self.text(mutated[name])
                case _:
                    mutated[name] = self.random.choice(HOSTILE_VALUES)
        return mutated

    def text(self, text: str) -> str:
        """Return the text with characters changed, removed, repeated or inserted."""
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(text))
            match self.random.randrange(6):
                case 0:
                    text = text[:at]
                case 1:
                    text = text[:at] + text[at + self.random.randint(1, 4) :]
                case 2:
                    text = text[:at] + text[at:] * self.random.randint(2, 4)
                case 3:
                    text = text[:at] + chr(self.random.choice((0, 9, 0x7F, 0x85, 0x2028, 0xFFFD, 0x1F600))) + text[at:]
                case 4:
                    text = text[:at] + self.random.choice(HOSTILE_TEXTS) + text[at:]
                case _:
                    text = text[:at] + chr(self.random.randint(32, 126)) + text[at + 1 :]
        return text[:100_000]

    def json(self, fields: Mapping[str, Any], names: Sequence[str]) -> str:
        """Return the mutated object as JSON, sometimes mutated once more as text."""
        written = json.dumps(self.fields(fields, names), ensure_ascii=self.random.random() < 0.5)
        return self.text(written) if self.random.random() < 0.4 else written

    def bytes(self, data: bytes) -> bytes:
        """Return the bytes with some of them changed, removed or inserted."""
        changed = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(changed))
            changed[at : at + self.random.randint(0, 3)] = self.random.randbytes(self.random.randint(0, 3))
        return bytes(changed)
