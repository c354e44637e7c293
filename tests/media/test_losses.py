"""What is damaged or cut off is passed over, and told in seconds."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from vidcut.errors import MediaError
from vidcut.readers import pyav
from vidcut.records import SECOND_US
from vidcut.viewing import Here, Losses

if TYPE_CHECKING:
    from pathlib import Path

LENGTH_S = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, a key frame each second, as several containers."""
    made = tmp_path_factory.mktemp("losses")
    sources = ["testsrc2=s=320x240:r=25:d=6", "sine=f=440:r=48000:d=6"]
    inputs = [part for source in sources for part in ("-f", "lavfi", "-i", source)]
    coded = ["-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"]
    for name in ("a.mp4", "a.mkv", "a.ts", "a.avi", "a.mov"):
        extra = ["-movflags", "+faststart"] if name == "a.mp4" else []
        codec = [*coded[:1], "mpeg4", *coded[2:]] if name == "a.avi" else coded
        command = ["ffmpeg", "-v", "error", *inputs, *codec, *extra, str(made / name)]
        subprocess.run(command, check=True)
    return made


def lost_s(path: Path, *, start_us: int = 0) -> tuple[float, float]:
    """Seconds of pictures and of sound."""
    losses = Losses()
    viewer = Here(pyav.create(witness=losses), losses)
    windows = viewer.windows(path, start_us=start_us, longest_px=16)
    pictures_us = sum(window.lost_us for window in windows)
    try:
        sound_us = sum(block.lost_us for block in viewer.sound(path, start_us=start_us))
    except MediaError:
        sound_us = 0
    return pictures_us / SECOND_US, sound_us / SECOND_US


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi", "a.mov"])
def test_of_a_whole_file_nothing_is_lost(folder: Path, name: str) -> None:
    assert lost_s(folder / name) == (0, 0)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_was_cut_off_is_told(folder: Path, tmp_path: Path, name: str, share: float) -> None:
    content = (folder / name).read_bytes()
    short = tmp_path / name
    short.write_bytes(content[: int(len(content) * share)])
    losses = Losses()
    viewer = Here(pyav.create(witness=losses), losses)
    *_, last = viewer.windows(short, start_us=0, longest_px=16)
    assert last.lost_us / SECOND_US == pytest.approx(LENGTH_S - last.span.end / SECOND_US, abs=0.2)
    assert last.lost_us / SECOND_US == pytest.approx(LENGTH_S * (1 - share), abs=1)
    _, sound_s = lost_s(short)
    assert sound_s == pytest.approx(last.lost_us / SECOND_US, abs=0.3)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.avi"])
def test_what_is_damaged_is_told_and_the_rest_is_read(
    folder: Path, tmp_path: Path, name: str
) -> None:
    content = bytearray((folder / name).read_bytes())
    middle, width = len(content) // 2, len(content) // 8
    content[middle : middle + width] = random.Random(5).randbytes(width)  # noqa: S311
    broken = tmp_path / name
    broken.write_bytes(content)
    pictures_s, _ = lost_s(broken)
    assert 0.1 <= pictures_s <= 3
    frames = list(pyav.create().frames(broken))
    assert frames[0].time_us < SECOND_US // 20
    assert frames[-1].time_us > 5 * SECOND_US


def test_what_was_lost_before_the_start_is_not_told_again(folder: Path, tmp_path: Path) -> None:
    content = bytearray((folder / "a.mp4").read_bytes())
    begin = len(content) // 3
    content[begin : begin + 4000] = bytes(4000)
    broken = tmp_path / "a.mp4"
    broken.write_bytes(content)
    assert lost_s(broken)[0] > 0
    losses = Losses()
    reader = pyav.create(witness=losses)
    losses.begin(4 * SECOND_US)
    assert list(reader.frames(broken))
    assert losses.take() == 0


def test_a_recording_that_begins_between_key_frames(folder: Path, tmp_path: Path) -> None:
    content = (folder / "a.ts").read_bytes()
    begin = len(content) // 188 // 4 * 188
    late = tmp_path / "late.ts"
    late.write_bytes(content[: 188 * 3] + content[begin:])
    assert 0.05 < lost_s(late)[0] <= 1


def test_a_picture_that_stands_for_long_is_no_loss(tmp_path: Path) -> None:
    still = tmp_path / "still.mkv"
    frames = "testsrc2=s=320x240:r=25:d=4,select='not(between(t,1,3))'"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", frames, "-fps_mode", "vfr"]
    subprocess.run([*command, "-c:v", "libx264", str(still)], check=True)
    assert lost_s(still) == (0, 0)


def test_what_is_encrypted_is_refused_and_no_noise_is_indexed(folder: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed.mp4"
    cipher = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "0" * 32]
    cipher += ["-encryption_kid", "1" * 32]
    command = ["ffmpeg", "-v", "error", "-i", str(folder / "a.mp4"), "-c", "copy", *cipher]
    subprocess.run([*command, str(sealed)], check=True)
    viewer = Here(pyav.create())
    with pytest.raises(MediaError, match=r"^sealed\.mp4: is encrypted"):
        viewer.probe(sealed)
    with pytest.raises(MediaError, match="is encrypted"):
        list(viewer.windows(sealed, start_us=0, longest_px=16))
