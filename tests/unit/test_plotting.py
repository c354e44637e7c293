"""The plot of a score curve, as SVG and PNG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from vidcut import plotting
from vidcut.curve import Curve
from vidcut.errors import OutputError, UsageError
from vidcut.plotting import Chart
from vidcut.records import SECOND_US as S
from vidcut.records import Span

if TYPE_CHECKING:
    from pathlib import Path

EVIL = '<script>alert(1)</script>" onload="x" & \u202e\x1b[31m'
NAMESPACE = "{http://www.w3.org/2000/svg}"


def chart(*, seconds: int = 10, **named: Any) -> Chart:
    scores = np.zeros(seconds, np.float32)
    scores[seconds // 2] = 0.75
    apart = np.stack([scores, np.zeros_like(scores), scores / 3])
    made = Curve(S, ("frame", "asr", "ocr"), apart, scores)
    wanted = {"video": "films/a.mp4", "query": "火锅", "duration_us": seconds * S, **named}
    return Chart(curve=made, **wanted)


def lines(document: str, ink: str) -> list[list[tuple[float, float]]]:
    """The points of the lines of a colour."""
    found = ET.fromstring(document).iter(f"{NAMESPACE}polyline")  # noqa: S314  (ours)
    return [
        [
            (float(x), float(y))
            for x, _, y in (p.partition(",") for p in line.get("points", "").split())
        ]
        for line in found
        if line.get("stroke") == ink
    ]


def test_a_second_stands_where_it_is_and_as_high_as_it_scores() -> None:
    made = plotting.svg(chart())
    curve = max(lines(made, "#1d1d1f"), key=len)
    assert min(x for x, _ in curve) == 52
    assert max(x for x, _ in curve) == 1080
    top = [(x, y) for x, y in curve if y < 300]
    assert top == [(566.0, 130.0), (668.8, 130.0)]
    assert {y for _, y in curve} == {130, 334}


def test_what_scores_nowhere_has_no_line() -> None:
    made = plotting.svg(chart())
    assert len(lines(made, "#0a66c2")) == 2  # in the legend, and as a curve
    assert len(lines(made, "#c2410c")) == 1


def test_cuts_are_lines_and_moments_are_shaded() -> None:
    made = plotting.svg(chart(cuts=[2 * S], moments=[Span(5 * S, 6 * S)]))
    assert [line[0][0] for line in lines(made, "#c9c9d1")] == [pytest.approx(257.6)]
    (shade,) = (
        box
        for box in ET.fromstring(made).iter(f"{NAMESPACE}rect")  # noqa: S314  (ours)
        if box.get("fill") == "#fff1c2"
    )
    assert (shade.get("x"), shade.get("width")) == ("566.00", "102.80")


def test_the_axis_is_a_clock() -> None:
    def labels(seconds: int) -> list[str]:
        root = ET.fromstring(plotting.svg(chart(seconds=seconds)))  # noqa: S314  (ours)
        return [text.text or "" for text in root.iter(f"{NAMESPACE}text")]

    assert {"0:00", "1:00", "9:00", "minutes:seconds"} <= set(labels(600))
    assert {"0:00", "1:00:00", "hours:minutes:seconds"} <= set(labels(7200))


def test_a_video_of_a_day_is_drawn_in_as_many_stairs_as_can_be_seen() -> None:
    made = plotting.svg(chart(seconds=86_400, cuts=[n * S for n in range(1, 80_000)]))
    assert len(made) < 200_000
    assert min(y for _, y in max(lines(made, "#1d1d1f"), key=len)) == 130


@pytest.mark.parametrize("seconds", [1, 2])
def test_a_very_short_video_has_a_plot(seconds: int) -> None:
    assert lines(plotting.svg(chart(seconds=seconds)), "#0a66c2")
    assert plotting.png(chart(seconds=seconds, duration_us=0)).startswith(b"\x89PNG")


def test_names_and_queries_are_escaped() -> None:
    made = plotting.svg(chart(video=EVIL, query=EVIL))
    tags = {element.tag.removeprefix(NAMESPACE) for element in ET.fromstring(made).iter()}  # noqa: S314  (ours)
    assert tags == {"svg", "title", "rect", "polyline", "text"}
    assert "\u202e" not in made
    assert "\x1b" not in made


def test_a_png_shows_the_same_twice_as_large() -> None:
    image = Image.open(io.BytesIO(plotting.png(chart(moments=[Span(2 * S, 3 * S)]))))
    assert image.size == (2200, 760)
    assert image.getpixel((round(257.6 * 2) + 40, 300)) == (255, 241, 194)
    assert image.getpixel((1200, 260)) == (10, 102, 194)  # seen, over all together
    assert image.getpixel((1200, 263)) == (29, 29, 31)


def test_the_ending_chooses_and_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    for name, begins in (("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG")):
        assert isinstance(plotting.write(tmp_path / name, chart()), str)
        assert (tmp_path / name).read_bytes().startswith(begins)
        with pytest.raises(OutputError, match="exists already"):
            plotting.write(tmp_path / name, chart())
        plotting.write(tmp_path / name, chart(), overwrite=True)
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        plotting.write(tmp_path / "a.pdf", chart())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.PNG", "a.svg"]
