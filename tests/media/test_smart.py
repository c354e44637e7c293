"""Each frame of the test clips carries its number as eight bars; each second begins with a beep.

What was cut is read by PyAV, which shares nothing with the ffmpeg that cut it.
"""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from vidcut import ffmpeg, program, smart
from vidcut.errors import MediaError, OutputError
from vidcut.finish import Finish, Size
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BARS = "geq=lum='16+219*mod(floor(N/pow(2,floor(X/20))),2)':cb=128:cr=128"
BEEP = "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.05)':s=48000"
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "3", "-sc_threshold", "0")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-g", "50")
CLOSED = "log-level=none:pools=1:frame-threads=1:open-gop=0:keyint=50:min-keyint=50"
DROP = "select='not(eq(mod(n,7),3))'"

JOINED: dict[str, tuple[str, tuple[str, ...]]] = {
    "cfr.mp4": ("25", (*X264, "-c:a", "aac")),
    "ntsc.mp4": ("30000/1001", (*X264, "-c:a", "aac")),
    "film.mkv": ("24000/1001", (*X264, "-c:a", "aac")),
    "offset.ts": ("25", (*X264, "-c:a", "mp2")),
    "offset.mkv": ("25", (*X264, "-c:a", "aac", "-output_ts_offset", "3.3")),
    "vfr.mp4": ("25", ("-vf", DROP, "-vsync", "0", *X264, "-c:a", "aac")),
    "baseline.mp4": ("25", (*X264, "-profile:v", "baseline", "-bf", "0", "-c:a", "aac")),
    "pyramid.mp4": ("25", (*X264, "-x264-params", "bframes=8:b-pyramid=normal", "-c:a", "aac")),
    "high10.mp4": ("25", (*X264, "-pix_fmt", "yuv420p10le", "-c:a", "aac")),
    "hevc.mp4": ("25", (*X265, "-x265-params", CLOSED, "-tag:v", "hvc1", "-c:a", "aac")),
    "mute.mp4": ("25", (*X264, "-an")),
}
ENCODED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "open.mp4": (
        "25",
        (*X264, "-x264-params", "open-gop=1", "-c:a", "aac"),
        "do not come out|complaint",
    ),
    "vp9.webm": ("25", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-g", "50"), "vp9"),
    "rare.mp4": ("25", (*X264, "-pix_fmt", "yuv444p", "-c:a", "aac"), "High 4:4:4"),
    "fields.mp4": (
        "25",
        (*X264, "-flags", "+ilme+ildct", "-top", "1", "-c:a", "aac"),
        "interlaced",
    ),
    "sparse.mp4": ("25", (*X264, "-g", "250", "-c:a", "aac"), "no key frame"),
}


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("footage")


@pytest.fixture(
    scope="module", params=["PATH", pytest.param("imageio-ffmpeg", marks=pytest.mark.slow)]
)
def tool(request: pytest.FixtureRequest) -> ffmpeg.Tool:
    if request.param == "PATH":
        return ffmpeg.find()
    return program._tool(program._shipped(), "imageio-ffmpeg")


@pytest.fixture(scope="module")
def system() -> ffmpeg.Tool:
    return ffmpeg.find()


def made(folder: Path, name: str, *options: str, rate: str = "25", seconds: int = 6) -> Path:
    path = folder / name
    if not path.exists():
        picture = f"color=black:s=160x120:r={rate}:d={seconds},{BARS}"
        run(
            *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"{BEEP}:d={seconds}"),
            *("-threads", "1", *options, f"file:{path}"),
        )
    return path


def run(*options: str) -> None:
    tool = str(ffmpeg.find().path)
    subprocess.run([tool, "-nostdin", "-v", "error", "-y", *options], check=True)


def frames(path: Path) -> list[tuple[int, int]]:
    """Time in microseconds and number of each frame."""
    with av.open(os.fspath(path)) as container:
        origin_us = container.start_time or 0
        return [
            (int(frame.pts * frame.time_base * SECOND_US) - origin_us, number(frame))
            for frame in container.decode(container.streams.video[0])
        ]


def number(frame: Any) -> int:
    gray: NDArray[np.uint8] = np.rot90(frame.to_ndarray(format="gray"), frame.rotation // 90)
    bars = gray.mean(axis=0 if gray.shape[1] > gray.shape[0] else 1).reshape(8, 20)[:, 5:15]
    return sum(int(level > 128) << bit for bit, level in enumerate(bars.mean(axis=1)))


def beeps(path: Path) -> list[int]:
    """When the beeps begin, in microseconds."""
    begins, quiet_from = [], -SECOND_US
    with av.open(os.fspath(path)) as container:
        origin_us = container.start_time or 0
        for block in container.decode(container.streams.audio[0]):
            samples = np.abs(np.atleast_2d(block.to_ndarray()).astype(np.float64))[0]
            if block.format.name.startswith("s16"):
                samples /= 32768
            start_us = int(block.pts * block.time_base * SECOND_US) - origin_us
            for index in np.flatnonzero(samples > 0.1):
                time_us = start_us + int(index) * SECOND_US // block.sample_rate
                if time_us - quiet_from > 200_000:
                    begins.append(time_us)
                quiet_from = time_us
    return begins


def within(shown: list[tuple[int, int]], span: Span) -> list[tuple[int, int]]:
    return [one for one in shown if span.contains(one[0])]


@pytest.mark.parametrize("name", JOINED)
def test_a_smart_cut_has_every_frame_once_in_its_time(
    name: str, footage: Path, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    rate, options = JOINED[name]
    source = made(footage, name, *options, rate=rate)
    shown = frames(source)
    output = tmp_path / "clip.mp4"
    span = Span(shown[31][0] - 8_000, shown[121][0] + 20_000)
    clip = smart.cut(source, span, output, tool=tool)
    assert (clip.mode, clip.note) == ("smart", "")
    wanted, cut = within(shown, span), frames(output)
    assert [one[1] for one in cut] == [one[1] for one in wanted]
    for one, other in zip(wanted[1:], cut[1:], strict=True):
        assert one[0] - clip.span.start == pytest.approx(other[0], abs=2_000)
    assert decoding_times_rise(output)
    if name != "mute.mp4":
        assert in_sync(source, output, clip.span)


def decoding_times_rise(path: Path) -> bool:
    with av.open(os.fspath(path)) as container:
        packets = list(container.demux(container.streams.video[0]))
        times = [packet.dts for packet in packets if packet.dts is not None]
    return all(one < two for one, two in pairwise(times))


def in_sync(source: Path, clip: Path, span: Span) -> bool:
    heard = beeps(clip)
    begins = [b for b in beeps(source) if span.start + 50_000 < b < span.end - 50_000]
    assert begins
    return all(min(abs(b - span.start - other) for other in heard) < 20_000 for b in begins)


@pytest.mark.parametrize(("first", "last"), [(50, 149), (50, 120), (20, 149), (49, 101), (48, 130)])
def test_a_smart_cut_may_begin_and_end_anywhere(
    first: int, last: int, footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    rate, options = JOINED["cfr.mp4"]
    source = made(footage, "cfr.mp4", *options, rate=rate)
    span = Span(first * 40_000 - 3_000, last * 40_000 + 1_000)
    clip = smart.cut(source, span, tmp_path / "clip.mp4", tool=system)
    assert clip.mode == "smart"
    assert [one[1] for one in frames(tmp_path / "clip.mp4")] == list(range(first, last + 1))
    assert in_sync(source, tmp_path / "clip.mp4", clip.span)


@pytest.mark.parametrize("name", ENCODED)
def test_what_cannot_be_joined_is_cut_exactly_and_says_why(
    name: str, footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    rate, options, reason = ENCODED[name]
    source, output = made(footage, name, *options, rate=rate), tmp_path / "clip.mp4"
    shown = frames(source)
    span = Span(shown[31][0] - 8_000, shown[121][0] + 20_000)
    clip = smart.cut(source, span, output, tool=system)
    assert clip.mode == "exact"
    assert re.search(reason, clip.note)
    assert [one[1] for one in frames(output)] == [one[1] for one in within(shown, span)]


def test_a_changed_picture_is_encoded(footage: Path, tmp_path: Path, system: ffmpeg.Tool) -> None:
    source = made(footage, "cfr.mp4", *JOINED["cfr.mp4"][1])
    clip = smart.cut(
        source,
        Span(1_000_000, 4_000_000),
        tmp_path / "clip.mp4",
        tool=system,
        finish=Finish(size=Size(80, 60)),
    )
    assert (clip.mode, "changed" in clip.note) == ("exact", True)


def test_pictures_that_do_not_come_out_as_they_were_are_refused(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made(footage, "cfr.mp4", *JOINED["cfr.mp4"][1])
    before = smart._end_to_end

    def swapped(pictures: list[Path], folder: Path) -> Path:
        return before(pictures[::-1], folder)

    monkeypatch.setattr(smart, "_end_to_end", swapped)
    clip = smart.cut(source, Span(1_250_000, 4_850_000), tmp_path / "clip.mp4", tool=system)
    assert clip.mode == "exact"
    assert [one[1] for one in frames(tmp_path / "clip.mp4")] == list(range(32, 122))


def test_nothing_is_left_beside_the_clip(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    source = made(footage, "cfr.mp4", *JOINED["cfr.mp4"][1])
    span = Span(1_250_000, 4_850_000)
    smart.cut(source, span, tmp_path / "clip.mp4", tool=system)
    with pytest.raises(OutputError, match="exists"):
        smart.cut(source, span, tmp_path / "clip.mp4", tool=system)

    def check(_: Path) -> None:
        raise MediaError("refused")

    with pytest.raises(MediaError, match="refused"):
        smart.cut(source, span, tmp_path / "other.mp4", tool=system, check=check)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
