"""The camera's clock: as ffmpeg writes it into every container that can hold one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from vidcut import plugins
from vidcut.errors import MissingError

if TYPE_CHECKING:
    from pathlib import Path

ENCODERS = {".mov": "libx264", ".mp4": "libx264", ".mxf": "mpeg2video", ".mkv": "libx264"}


def clip(path: Path, *options: str) -> Path:
    source = "testsrc=s=160x120:r=30000/1001:d=0.5,format=yuv420p"
    encoder = ("-c:v", ENCODERS[path.suffix])
    begin = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source)
    subprocess.run([*begin, *encoder, *options, str(path)], check=True)
    return path


@pytest.mark.parametrize("suffix", sorted(ENCODERS))
@pytest.mark.parametrize("timecode", ["01:00:00:00", "01:00:00;00", "23:59:59:29"])
@pytest.mark.parametrize("name", plugins.names("readers"))
def test_a_files_timecode_is_read(tmp_path: Path, suffix: str, timecode: str, name: str) -> None:
    path = clip(tmp_path / f"clip{suffix}", "-timecode", timecode)
    try:
        reader = plugins.load("readers", name).create()
    except MissingError as error:
        pytest.skip(str(error))
    assert reader.probe(path).timecode == timecode


def test_a_file_without_one_has_none(tmp_path: Path) -> None:
    reader = plugins.load("readers", "pyav").create()
    assert reader.probe(clip(tmp_path / "clip.mp4")).timecode is None


@pytest.mark.parametrize("tag", ["yesterday", "25:61:00:00", "01:00:00", ""])
def test_a_tag_that_is_no_timecode_is_none(tmp_path: Path, tag: str) -> None:
    path = clip(tmp_path / "clip.mkv", "-metadata", f"timecode={tag}")
    assert plugins.load("readers", "pyav").create().probe(path).timecode is None


def test_the_sign_before_the_frames_is_told_alike(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mkv", "-metadata", "timecode=01:00:00.05")
    assert plugins.load("readers", "pyav").create().probe(path).timecode == "01:00:00;05"
