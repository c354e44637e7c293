"""Subtitle files that were made to do harm: they cost one line, and no time to speak of."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from vidcut.errors import MediaError
from vidcut.modalities import _cues
from vidcut.modalities._cues import Sidecars, read

_CUE = "1\n00:00:01,000 --> 00:00:02,000\n"
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,"
)
_RUNS = (
    "{", "{\\", "{\\p1", "{\n", "<", "<a ", "<1:", "<    ", "< /", "\n", "\n\n1\n", "\r", "&",
    "a\n", "1", "\n1", "-->", "\\N", "00:00:01,000 --> ", "\ufeff", "\u202e", "{\\p1}m",
    "[a]", "NOTE ",
)  # fmt: skip
_CHARS = 100_000
_WITHIN_S = 4.0
"""A quadratic pattern takes minutes for as much."""


@pytest.mark.parametrize("head", [_CUE, "WEBVTT\n\n00:01.000 --> 00:02.000\n", _ASS])
@pytest.mark.parametrize("run", _RUNS)
def test_no_run_of_signs_takes_long(tmp_path: Path, head: str, run: str) -> None:
    suffix = {"1": "srt", "W": "vtt", "[": "ass"}[head[0]]
    file = tmp_path / f"clip.{suffix}"
    file.write_bytes((head + run * (_CHARS // len(run)) + "x\n").encode())
    begun_s = time.process_time()
    try:
        found = read(file)
    except MediaError as error:
        assert len(str(error)) < 1000  # noqa: PT017  (refused or read, either in time)
    else:
        assert all(cue.span.duration > 0 and cue.text for cue in found)
    assert time.process_time() - begun_s < _WITHIN_S


def test_what_is_no_tag_is_still_found(tmp_path: Path) -> None:
    file = tmp_path / "clip.srt"
    file.write_text(_CUE + "I <3 you {a <b>lot</b> < 4\n", encoding="utf-8")
    (cue,) = read(file)
    assert cue.text == "I <3 you {a lot < 4".replace("<", "\uff1c").replace("{", "\uff5b")


def test_a_file_of_too_many_cues_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cues, "_MOST_CUES", 2)
    file = tmp_path / "clip.srt"
    file.write_text("\n".join(f"{_CUE}a\n" for _ in range(3)), encoding="utf-8")
    with pytest.raises(MediaError, match="3 cues, 2 at most"):
        read(file)


def test_a_cue_as_long_as_a_book_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "clip.srt"
    file.write_text(_CUE + "word " * 10_000, encoding="utf-8")
    (cue,) = read(file)
    assert len(cue.text) == 5_000


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "device", "nowhere"])
def test_what_is_no_file_is_left_out_with_a_line(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    odd = tmp_path / "clip.srt"
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "folder":
        odd.mkdir()
    else:
        targets = {"loop": odd, "device": Path("/dev/zero"), "nowhere": tmp_path / "none"}
        odd.symlink_to(targets[kind])
    (tmp_path / "clip.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n")
    assert Sidecars().sidecar(tmp_path / "clip.mp4") == tmp_path / "clip.vtt"
    (line,) = caplog.records
    assert "clip.srt is no file that can be read as subtitles" in line.getMessage()
    with pytest.raises(MediaError, match=r"clip\.srt cannot be read"):
        read(odd)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("text", ["今天我们去吃火锅", "Today we eat hot pot, très bien"])
def test_unicode_is_read_in_each_of_its_forms(tmp_path: Path, encoding: str, text: str) -> None:
    file = tmp_path / "clip.srt"
    file.write_bytes(f"{_CUE}{text}\n".encode(encoding))
    assert [cue.text for cue in read(file)] == [text]
