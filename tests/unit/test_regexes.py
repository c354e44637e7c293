"""No pattern takes more than linear time, whatever text it is held against."""

from __future__ import annotations

import importlib
import itertools
import re
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import vidcut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HOUSE = Path(vidcut.__file__).parent
_LENGTH = 4_000
_TIMES = 60
"""As long as a plain search may a pattern take; a quadratic one takes thousands of times."""
_SLACK_S = 0.02
_FREE = {
    # Tries 24 lengths at each place, 200 ends after each mark.
    "vidcut.modalities._invented._REPEATED": 10,
    "vidcut.story._EMPHASIS": 20,
    # Of a query, which has 10,000 characters at most: a curly quote is looked for to the end.
    "vidcut.grammar._TOKEN": 100,
}
_WAYS = ("finditer", "findall", "sub", "split", "search", "match", "fullmatch")


def _patterns() -> dict[str, tuple[re.Pattern[Any], frozenset[str]]]:
    """Each compiled pattern, and the ways in which its module uses it."""
    found = {}
    for file in sorted(_HOUSE.rglob("*.py")):
        code = file.read_text(encoding="utf-8")
        if "re.compile(" in code:
            name = ".".join(("vidcut", *file.relative_to(_HOUSE).with_suffix("").parts))
            for key, value in vars(importlib.import_module(name)).items():
                if isinstance(value, re.Pattern):
                    ways = frozenset(re.findall(rf"\b{key}\.({'|'.join(_WAYS)})\(", code))
                    # What a neighbour's function is given, it searches and replaces by.
                    given = {"finditer"} if re.search(rf"\w\([^()]*, {key}\)", code) else set()
                    found[f"{name}.{key}"] = value, ways | given
    return found


PATTERNS = _patterns()


def _hostile(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Runs of what the pattern speaks of, after a beginning of it, and ended otherwise."""
    source = pattern.pattern
    said = sorted(set(source if isinstance(source, str) else source.decode("latin-1")))
    alphabet = [*said[:: max(1, len(said) // 12)], " ", "a"]
    pairs = ["".join(pair) for pair in itertools.product(alphabet, repeat=2)]
    units = [*alphabet, *pairs[:: max(1, len(pairs) // 20)], *_UNITS]
    for unit, start, end in itertools.product(units, _STARTS, ("", "\0")):
        yield start + (unit * _LENGTH)[:_LENGTH] + end


_UNITS = (
    "{\\p1", "\\p1", "\\p0", "<a ", "<1:", "[a](", "![", "<!--", "*a ", "**a ", "`a", "#  #",
    "a-", "a'", "1.", "1:", "a/", "--", '"a', "\u201c ", "()", "+ ",
)  # fmt: skip
_STARTS = ("", "{", "{\\p1}{", "# ", "# a", "[a](", "<a")


def _cpu_s(pattern: re.Pattern[Any], ways: Iterable[str], text: str) -> float:
    held: Any = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
    begun = time.process_time()
    for way in ways:
        if way in {"match", "fullmatch", "search"}:
            getattr(pattern, way)(held)
        else:  # the others are this and their own
            deque(pattern.finditer(held), maxlen=0)
    return time.process_time() - begun


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_linear_time(name: str) -> None:
    pattern, ways = PATTERNS[name]
    assert ways, "it is used from another module, or in a way that this test does not know"
    plain = re.compile("(?:[^b]|bb)+c?")
    base_s = min(_cpu_s(plain, ["match"], "a" * _LENGTH) for _ in range(5))
    allowed_s = _TIMES * _FREE.get(name, 1) * base_s + _SLACK_S
    for text in _hostile(pattern):
        taken_s = _cpu_s(pattern, ways, text)
        if taken_s > allowed_s:  # the least of two, for a machine that is busy
            taken_s = min(taken_s, _cpu_s(pattern, ways, text))
        assert taken_s <= allowed_s, f"{taken_s:.2f} of {allowed_s:.2f} s for {text[:16]!r}…"
