"""Pictures in a terminal: what is sent to which."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from vidcut.cli import preview
from vidcut.cli.preview import Way
from vidcut.records import SECOND_US, Boundary, Moment, Video
from vidcut.sheet import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADED = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, Way.KITTY),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, Way.KITTY),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Way.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Way.ITERM),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "WEZTERM_PANE": "0"}, Way.ITERM),
        ({"TERM": "foot"}, Way.SIXEL),
        ({"TERM": "xterm-256color", "ITERM_SESSION_ID": "w0t0p0"}, Way.ITERM),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, Way.BLOCKS),
        ({"TERM": "screen-256color", "TMUX": "/run/tmux", "KITTY_WINDOW_ID": "1"}, Way.BLOCKS),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, Way.NONE),
        ({"TERM": "dumb"}, Way.NONE),
        ({}, Way.NONE),
    ],
)
def test_the_environment_tells_what_a_terminal_shows(
    environment: dict[str, str], expected: Way
) -> None:
    assert preview.way(environment, is_terminal=True) is expected
    assert preview.way(environment, is_terminal=False) is Way.NONE


def test_kitty_gets_a_png_in_chunks() -> None:
    sent = "".join(preview.drawn(LOADED, Way.KITTY, cells=40))
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sent)
    assert sent == "".join(f"\x1b_G{told};{data}\x1b\\" for told, data in chunks)
    assert chunks[0][0] == "a=T,f=100,q=2,c=40,m=1"
    assert [told for told, _ in chunks[1:]] == ["m=1"] * (len(chunks) - 2) + ["m=0"]
    assert all(len(data) == 4096 for _, data in chunks[:-1])
    shown = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in chunks))))
    assert (np.asarray(shown) == np.asarray(LOADED)).all()


def test_a_picture_of_one_chunk_ends_with_it() -> None:
    sent = "".join(preview.drawn(Image.new("RGB", (2, 2)), Way.KITTY, cells=4))
    assert sent.startswith("\x1b_Ga=T,f=100,q=2,c=4,m=0;")
    assert sent.count("\x1b_G") == 1


def test_iterm_gets_the_file_and_its_size() -> None:
    (sent,) = preview.drawn(LOADED, Way.ITERM, cells=40)
    match = re.fullmatch(r"\x1b]1337;File=inline=1;size=(\d+);width=40;[^:]*:([^\x07]*)\x07", sent)
    assert match is not None
    data = base64.b64decode(match[2])
    assert len(data) == int(match[1])
    assert Image.open(io.BytesIO(data)).size == (160, 90)


def test_sixels_show_the_picture_in_few_colours() -> None:
    image = Image.new("RGB", (20, 15), (255, 0, 0))
    image.paste((0, 0, 255), (3, 4, 9, 13))
    sent = "".join(preview.drawn(image, Way.SIXEL, cells=40))
    match = re.fullmatch(r'\x1bPq"1;1;20;15((?:#\d+;2;\d+;\d+;\d+)*)(.*)\x1b\\', sent)
    assert match is not None
    colours = {
        int(number): tuple(int(part) * 255 // 100 for part in parts)
        for number, *parts in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", match[1])
    }
    shown = np.zeros((18, 20, 3), np.uint8)
    for band, rows in enumerate(match[2].split("-")[:-1]):
        for number, row in re.findall(r"#(\d+)([^#$]*)\$", rows):
            codes = re.sub(r"!(\d+)(.)", lambda found: found[2] * int(found[1]), row)
            assert len(codes) == 20
            for x, code in enumerate(codes):
                for bit in range(6):
                    if (ord(code) - 63) >> bit & 1:
                        shown[6 * band + bit, x] = colours[int(number)]
    assert (shown[:15] == np.asarray(image)).all()
    assert not shown[15:].any()


def test_blocks_show_two_pixels_a_cell() -> None:
    image = Image.new("RGB", (2, 4), (255, 0, 0))
    image.paste((0, 0, 255), (0, 1, 2, 2))
    (sent,) = preview.drawn(image, Way.BLOCKS, cells=2)
    red_over_blue = "\x1b[38;2;255;0;0;48;2;0;0;255m▀"
    red = "\x1b[38;2;255;0;0;48;2;255;0;0m▀"
    assert sent == f"{red_over_blue * 2}\x1b[0m\n{red * 2}\x1b[0m"
    (sent,) = preview.drawn(image, Way.BLOCKS, cells=2, is_exact=False)
    assert sent.startswith("\x1b[38;5;196;48;5;21m▀")


def entries() -> Iterator[Entry]:
    written = io.BytesIO()
    LOADED.save(written, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
    video = Video(1, "a\x1b]0;evil\x07.mp4", 1, SECOND_US, None, "ok")
    moment = Moment(3, video, Boundary(0, ""), Boundary(SECOND_US, ""), 0.5)
    yield Entry(moment, uri, "")
    yield Entry(moment, None, "")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_goes_into_a_pipe_and_names_steer_no_terminal(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    monkeypatch.setattr("vidcut.cli.render.emit", sent.append)
    for name in ("TMUX", "KITTY_WINDOW_ID", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    preview.show(entries())
    if not is_terminal:
        assert sent == []
        return
    named, picture = sent
    assert named == r"3  a\x1b]0;evil\x07.mp4"
    assert picture.startswith("\x1b_Ga=T")
