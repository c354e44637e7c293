"""Each frame of the test clips carries its number as eight bars; each second begins with a beep.

What was cut is read by PyAV, which shares nothing with the ffmpeg that cut it.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from vidcut import ffmpeg, processes, program, smart
from vidcut.errors import MediaError, MissingError, OutputError
from vidcut.finish import Finish, Size
from vidcut.modes import Captions, Shape
from vidcut.records import Cue, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

BARS = "geq=lum='16+219*mod(floor(N/pow(2,floor(X/20))),2)':cb=128:cr=128"
BEEP = "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.05)':s=48000"
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "3", "-sc_threshold", "0")

QUIET = "log-level=none:pools=1:frame-threads=1"

SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "cfr.mp4": ("25", (*H264, "-c:a", "aac")),
    "ntsc.mp4": ("30000/1001", (*H264, "-c:a", "aac")),
    "offset.ts": ("25", (*H264, "-c:a", "mp2")),
    "offset.mkv": ("25", (*H264, "-c:a", "aac", "-output_ts_offset", "3.3")),
    "vfr.mp4": ("25", ("-vf", "select='not(eq(mod(n,7),3))'", "-vsync", "0", *H264, "-c:a", "aac")),
    "bframes.avi": ("25", ("-c:v", "mpeg4", "-g", "50", "-bf", "2", "-c:a", "mp3")),
    "sparse.ts": ("25", (*H264, "-g", "250", "-keyint_min", "250", "-c:a", "mp2")),
    "alt.webm": ("25", ("-c:v", "libvpx", "-g", "50", "-b:v", "300k", "-c:a", "libvorbis")),
}
NEWEST = ("cfr.mp4", "offset.ts", "vfr.mp4")
COPIED = ("cfr.mp4", "ntsc.mp4", "offset.ts", "offset.mkv", "vfr.mp4", "sparse.ts")

COCKATOO = Path(__file__).resolve().parents[3] / "shared/media/videos/imageio_cockatoo.mp4"


@dataclass(frozen=True)
class Shown:
    time_us: int
    number: int


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    for name, (rate, options) in SOURCES.items():
        make(folder / name, *options, rate=rate)
    return folder


@pytest.fixture(
    scope="module", params=["PATH", pytest.param("imageio-ffmpeg", marks=pytest.mark.slow)]
)
def tool(request: pytest.FixtureRequest) -> ffmpeg.Tool:
    return ffmpeg.find() if request.param == "PATH" else shipped()


@pytest.fixture(scope="module")
def system() -> ffmpeg.Tool:
    return ffmpeg.find()


def shipped() -> ffmpeg.Tool:
    return program._tool(program._shipped(), "imageio-ffmpeg")


def make(path: Path, *options: str, rate: str = "25", seconds: int = 5) -> Path:
    picture = f"color=black:s=160x120:r={rate}:d={seconds},{BARS}"
    run(
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"{BEEP}:d={seconds}"),
        *("-threads", "1", *options, f"file:{path}"),
    )
    return path


def run(*options: str) -> None:
    tool = str(ffmpeg.find().path)
    subprocess.run([tool, "-nostdin", "-v", "error", "-y", *options], check=True)


def frames(path: Path) -> list[Shown]:
    with av.open(os.fspath(path)) as container:
        origin_us = container.start_time or 0
        return [
            Shown(int(frame.pts * frame.time_base * 1_000_000) - origin_us, number(frame))
            for frame in container.decode(container.streams.video[0])
        ]


def number(frame: Any) -> int:
    gray: NDArray[np.uint8] = np.rot90(frame.to_ndarray(format="gray"), frame.rotation // 90)
    bars = gray.mean(axis=0 if gray.shape[1] > gray.shape[0] else 1).reshape(8, 20)[:, 5:15]
    return sum(int(level > 128) << bit for bit, level in enumerate(bars.mean(axis=1)))


def beeps(path: Path) -> list[int]:
    """When the beeps begin, in microseconds."""
    begins, quiet_from = [], -1_000_000
    with av.open(os.fspath(path)) as container:
        origin_us = container.start_time or 0
        for block in container.decode(container.streams.audio[0]):
            samples = np.abs(np.atleast_2d(block.to_ndarray()).astype(np.float64))[0]
            if block.format.name.startswith("s16"):
                samples /= 32768
            start_us = int(block.pts * block.time_base * 1_000_000) - origin_us
            for index in np.flatnonzero(samples > 0.1):
                time_us = start_us + int(index) * 1_000_000 // block.sample_rate
                if time_us - quiet_from > 200_000:
                    begins.append(time_us)
                quiet_from = time_us
    return begins


def numbers(shown: list[Shown]) -> list[int]:
    return [one.number for one in shown]


def between(shown: list[Shown], span: Span) -> list[Shown]:
    return [one for one in shown if span.contains(one.time_us)]


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def both(names: Iterable[str]) -> pytest.MarkDecorator:
    """Every clip with the system's ffmpeg, the most telling with the newest too."""
    cases = [(name, "PATH") for name in names] + [(name, "imageio-ffmpeg") for name in NEWEST]
    return pytest.mark.parametrize(("name", "tool"), cases, indirect=["tool"])


@both(SOURCES)
def test_an_exact_cut_holds_the_frames_of_its_span(
    name: str, footage: Path, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    source = footage / name
    shown = frames(source)
    spans = [
        Span(shown[63].time_us, shown[80].time_us),
        Span(shown[49].time_us + 5_000, shown[61].time_us - 5_000),
        Span(shown[-4].time_us, 60_000_000) if name in NEWEST else Span(0, shown[10].time_us),
    ]
    for index, span in enumerate(spans):
        output = tmp_path / f"{index}.mp4"
        clip = ffmpeg.encode(source, span, output, tool=tool)
        wanted, cut = between(shown, span), frames(output)
        assert numbers(cut) == numbers(wanted)
        for one, other in zip(wanted[1:], cut[1:], strict=True):
            assert one.time_us - span.start == pytest.approx(other.time_us, abs=1_000)
        assert clip.span.start == span.start
        assert clip.moved_start_us == clip.moved_end_us == 0


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        (ffmpeg.encode, "cfr.mp4"),
        (ffmpeg.encode, "offset.ts"),
        (ffmpeg.encode, "bframes.avi"),
        (ffmpeg.copy, "cfr.mp4"),
        (ffmpeg.copy, "offset.ts"),
        (ffmpeg.copy, "offset.mkv"),
    ],
)
def test_sound_stays_in_sync(
    name: str, cut: Any, footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    source, output = footage / name, tmp_path / "clip.mp4"
    clip = cut(source, Span(1_730_000, 3_710_000), output, tool=system)
    then = {one.number: one.time_us for one in frames(source)}
    now = {one.number: one.time_us for one in frames(output)}
    moved_us = now[50 + 7] - then[50 + 7]
    heard = [begin - moved_us for begin in beeps(output)]
    for begin_us in beeps(source):
        if clip.span.start + 50_000 < begin_us < clip.span.end - 50_000:
            assert min(abs(begin_us - other) for other in heard) < 20_000


@both(COPIED)
def test_a_copy_says_what_it_holds(
    name: str, footage: Path, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    source = footage / name
    shown = frames(source)
    for index, span in enumerate([Span(2_210_000, 3_030_000), Span(0, 500_000)]):
        output = tmp_path / f"{index}.mp4"
        clip = ffmpeg.copy(source, span, output, tool=tool)
        assert numbers(frames(output)) == numbers(between(shown, clip.span))
        assert clip.span.start == max(span.start, shown[0].time_us) - clip.moved_start_us
        assert clip.span.end == span.end + clip.moved_end_us
        assert clip.moved_end_us < 500_000


def test_a_copy_begins_at_the_nearest_key_frame(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    for name in ("cfr.mp4", "offset.mkv"):
        source = footage / name
        key = next(one for one in frames(source) if one.number == 50)
        span = Span(key.time_us + 20_000, key.time_us + 500_000)
        clip = ffmpeg.copy(source, span, tmp_path / f"{name}.mp4", tool=system)
        assert clip.moved_start_us == 20_000


def test_a_copy_of_what_mp4_cannot_hold_goes_to_matroska(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    source, output = footage / "alt.webm", tmp_path / "clip.mkv"
    clip = ffmpeg.copy(source, Span(2_500_000, 3_500_000), output, tool=system)
    assert numbers(frames(output)) == numbers(between(frames(source), clip.span))


def test_a_turned_picture_comes_out_upright(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    source = tmp_path / "turned.mp4"
    turn = ["-display_rotation:v", "90", "-i", str(footage / "cfr.mp4"), "-c", "copy", str(source)]
    subprocess.run([str(shipped().path), "-nostdin", "-v", "error", *turn], check=True)
    shown, span = frames(source), Span(2_210_000, 2_900_000)
    ffmpeg.encode(source, span, tmp_path / "exact.mp4", tool=system)
    assert numbers(frames(tmp_path / "exact.mp4")) == numbers(between(shown, span))
    clip = ffmpeg.copy(source, span, tmp_path / "copy.mp4", tool=system)
    assert numbers(frames(tmp_path / "copy.mp4")) == numbers(between(shown, clip.span))


CODECS: dict[str, tuple[tuple[str, ...], str]] = {
    "hevc.mp4": (("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", QUIET), "h264"),
    "vp9.webm": (("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"), "h264"),
    "av1.mkv": (("-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1"), "h264"),
    "prores.mov": (("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), "hevc"),
    "hdr.mp4": (("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le",
                 "-x265-params", QUIET, "-color_primaries", "bt2020", "-color_trc", "smpte2084",
                 "-colorspace", "bt2020nc"), "hevc"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "tool"),
    [(name, "PATH") for name in CODECS] + [("hdr.mp4", "imageio-ffmpeg")],
    indirect=["tool"],
)
def test_what_is_coded_otherwise_is_cut_as_exactly(
    name: str, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    options, codec = CODECS[name]
    source, output = make(tmp_path / name, *options), tmp_path / "clip.mp4"
    shown = frames(source)
    span = Span(shown[31].time_us - 15_000, shown[97].time_us + 15_000)
    clip = ffmpeg.encode(source, span, output, tool=tool)
    assert numbers(frames(output)) == numbers(between(shown, span))
    assert (clip.mode, clip.note) == ("exact", "")
    with av.open(os.fspath(output)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == codec
        deep = codec == "hevc"
        assert stream.format.name == ("yuv420p10le" if deep else "yuv420p")
        assert stream.codec_context.codec_tag == ("hvc1" if deep else "avc1")
        if name == "hdr.mp4":
            told = stream.codec_context
            assert (told.color_primaries, told.color_trc, told.colorspace) == (9, 16, 9)


AWKWARD = {
    "vfr.mp4": SOURCES["vfr.mp4"],
    "offset.mkv": SOURCES["offset.mkv"],
    "negative.ts": ("25", (*H264, "-c:a", "mp2", "-output_ts_offset", "-2",
                           "-avoid_negative_ts", "disabled")),
    "ntsc.mp4": SOURCES["ntsc.mp4"],
    "offset.ts": SOURCES["offset.ts"],
}  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("mode", [pytest.param("exact", marks=pytest.mark.slow), "smart"])
def test_flash_and_beep_stay_together(
    name: str, mode: str, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    rate, options = AWKWARD[name]
    source, output = make(tmp_path / name, *options, rate=rate), tmp_path / "clip.mp4"
    cut = {"exact": ffmpeg.encode, "smart": smart.cut}[mode]
    cut(source, Span(1_330_000, 4_610_000), output, tool=system)
    per_second = round(Fraction(rate))
    wanted = lags(source, per_second)[2:5]
    assert len(wanted) == 3
    assert lags(output, per_second) == pytest.approx(wanted, abs=20_000)


@pytest.mark.parametrize("mode", ["exact", "smart"])
def test_sound_that_begins_late_stays_where_it_was(
    mode: str, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    source, output = tmp_path / "late.mkv", tmp_path / "clip.mp4"
    picture = ("-f", "lavfi", "-i", f"color=black:s=160x120:r=25:d=6,{BARS}")
    sound = ("-itsoffset", "2.3", "-f", "lavfi", "-i", f"{BEEP}:d=3.6")
    run(*picture, *sound, *H264, "-c:a", "aac", str(source))
    cut = {"exact": ffmpeg.encode, "smart": smart.cut}[mode]
    cut(source, Span(1_330_000, 5_610_000), output, tool=system)
    wanted = [begin - 1_330_000 for begin in beeps(source)]
    assert beeps(output) == pytest.approx(wanted, abs=20_000)
    assert numbers(frames(output)) == list(range(34, 141))


def lags(path: Path, rate: int) -> list[int]:
    """How long after the first frame at or after each whole second of pictures it beeps."""
    shown, heard = frames(path), beeps(path)
    first = {one.number // rate: one for one in reversed(shown) if one.number % rate < 5}
    found = []
    for one in sorted(first.values(), key=lambda one: one.time_us):
        begin = min(heard, key=lambda time_us: abs(time_us - one.time_us))
        if abs(begin - one.time_us) < 300_000:
            found.append(begin - one.time_us + one.number % rate * 1_000_000 // rate)
    return found


def test_a_clip_takes_the_size_shape_and_rate_that_are_asked_for(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    cases = {
        "fit": (Finish(size=Size(200, 100)), (200, 100), 25),
        "short": (Finish(size=Size(0, 60)), (80, 60), 25),
        "tall": (Finish(shape=Shape.VERTICAL, size=Size(0, 72)), (72, 128), 25),
        "slim": (Finish(shape=Shape.VERTICAL), (66, 120), 25),
        "slow": (Finish(rate=Fraction(10)), (160, 120), 10),
    }
    for name, (finish, size, rate) in cases.items():
        output = tmp_path / f"{name}.mp4"
        span = Span(1_000_000, 3_000_000)
        ffmpeg.encode(footage / "cfr.mp4", span, output, tool=system, finish=finish)
        with av.open(os.fspath(output)) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == size
            times = [frame.time for frame in container.decode(stream)]
        assert len(times) == 2 * rate
        assert times[-1] == pytest.approx(2 - 1 / rate, abs=0.001)


def test_cues_are_drawn_into_the_picture(footage: Path, tmp_path: Path, tool: ffmpeg.Tool) -> None:
    cue = Cue(Span(1_500_000, 2_500_000), "HOT {\\pos(9,9)} POT")
    finish = Finish(captions=Captions.BURN, cues=(cue,))
    folder = tmp_path / "it's [a];, 'folder':=%"
    ffmpeg.encode(
        footage / "cfr.mp4", Span(1_000_000, 3_000_000), folder / "a.mp4", tool=tool, finish=finish
    )
    assert left_in(folder) == ["a.mp4"]
    plain = tmp_path / "plain.mp4"
    ffmpeg.encode(footage / "cfr.mp4", Span(1_000_000, 3_000_000), plain, tool=tool)

    def pictures(path: Path) -> list[NDArray[np.int64]]:
        with av.open(os.fspath(path)) as container:
            return [
                frame.to_ndarray(format="gray").astype(np.int64)
                for frame in container.decode(container.streams.video[0])
            ]

    off = [
        np.abs(a - b).mean() > 0.5
        for a, b in zip(pictures(folder / "a.mp4"), pictures(plain), strict=True)
    ]
    assert off == [13 <= index <= 37 for index in range(50)]


def test_an_ffmpeg_without_libass_says_so(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    poor = script(
        tmp_path / "poor",
        'case "$*" in *ass=*) echo "No such filter: \'ass\'" >&2; exit 1;; esac\n'
        f'exec {system.path} "$@"',
    )
    finish = Finish(captions=Captions.BURN, cues=(Cue(Span(0, 400_000), "x"),))
    with pytest.raises(MissingError, match="libass"):
        ffmpeg.encode(
            footage / "cfr.mp4",
            Span(0, 500_000),
            tmp_path / "c.mp4",
            tool=ffmpeg.Tool(poor, "5.1", "PATH"),
            finish=finish,
        )
    assert left_in(tmp_path) == ["poor"]


# Encoders ------------------------------------------------------------------------------


def test_only_an_encoder_that_works_is_taken(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    """As far as ffmpeg can tell, a machine whose VAAPI works and whose NVENC does not."""
    log = tmp_path / "log"
    fake = script(
        tmp_path / "fake",
        f'echo "$*" >> {log}\n'
        "case \"$*\" in *_nvenc*|*_videotoolbox*) echo 'no device' >&2; exit 1;; esac\n"
        'case "$*" in *h264_vaapi*) case "$*" in *color=gray*) exit 0;; esac;; esac\n'
        f"exec {system.path} $(echo \"$@\" | sed 's/h264_vaapi -map_m/libx264 -map_m/')",
    )
    tool = ffmpeg.Tool(fake, "5.1", "PATH")
    look = ffmpeg.look_at(system, footage / "cfr.mp4", Span(0, 500_000))
    for _ in range(2):
        making = program.making_of(tool, look, Finish(encoder="auto"))
        assert (making.writer.name, making.writer.uploads) == ("h264_vaapi", True)
    tried = [line for line in log.read_text().splitlines() if "color=gray" in line]
    assert len(tried) == 3
    with pytest.raises(MissingError, match="h264_nvenc"):
        program.making_of(tool, look, Finish(encoder="h264_nvenc"))
    assert program.making_of(tool, look, Finish()).writer.name == "libx264"


def test_a_named_encoder_is_used(footage: Path, tmp_path: Path, system: ffmpeg.Tool) -> None:
    for name, codec in {"libx265": "hevc", "libx264": "h264"}.items():
        output = tmp_path / f"{name}.mp4"
        finish = Finish(encoder=name)
        ffmpeg.encode(footage / "cfr.mp4", Span(0, 500_000), output, tool=system, finish=finish)
        with av.open(os.fspath(output)) as container:
            assert container.streams.video[0].codec_context.name == codec


def test_a_disk_with_too_little_room_is_told_before(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "long.mp4"
    run("-stream_loop", "30", "-i", str(footage / "cfr.mp4"), "-c", "copy", str(source))

    def usage(_: object) -> object:
        return shutil._ntuple_diskusage(10**9, 10**9, 1000)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    for cut in (ffmpeg.encode, ffmpeg.copy, smart.cut):
        with pytest.raises(OutputError, match=r"needs some \d+ MB"):
            cut(source, Span(0, 120_000_000), tmp_path / "out" / "c.mp4", tool=system)
    assert left_in(tmp_path) == ["long.mp4"]
    ffmpeg.encode(source, Span(0, 1_000_000), tmp_path / "c.mp4", tool=system)


def test_a_held_picture_is_what_the_clip_shows(tmp_path: Path, system: ffmpeg.Tool) -> None:
    source = make(tmp_path / "slides.mp4", *H264, "-c:a", "aac", rate="1/2", seconds=8)
    ffmpeg.encode(source, Span(2_500_000, 3_500_000), tmp_path / "one.mp4", tool=system)
    assert frames(tmp_path / "one.mp4") == [Shown(0, 1)]
    ffmpeg.encode(source, Span(2_500_000, 4_500_000), tmp_path / "two.mp4", tool=system)
    assert frames(tmp_path / "two.mp4") == [Shown(0, 1), Shown(1_500_000, 2)]


def test_sound_may_go_on_after_the_picture(tmp_path: Path, system: ffmpeg.Tool) -> None:
    source, output = tmp_path / "long.mp4", tmp_path / "clip.mp4"
    picture = f"color=black:s=160x120:r=25:d=2,{BARS}"
    run("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"{BEEP}:d=5", *H264, str(source))
    clip = ffmpeg.encode(source, Span(1_500_000, 4_500_000), output, tool=system)
    assert clip.span == Span(1_500_000, 4_500_000)
    assert numbers(frames(output))[0] == 38
    assert [round(begin / 100_000) for begin in beeps(output)] == [5, 15, 25]


def test_a_copy_has_all_of_its_sound_however_it_is_stored(
    footage: Path, tmp_path: Path, tool: ffmpeg.Tool
) -> None:
    source, output = tmp_path / "apart.mp4", tmp_path / "clip.mp4"
    apart = ("-max_interleave_delta", "1", "-frag_duration", "2000000", "-movflags", "empty_moov")
    run("-i", str(footage / "cfr.mp4"), "-c", "copy", *apart, str(source))
    clip = ffmpeg.copy(source, Span(2_100_000, 3_900_000), output, tool=tool)
    with av.open(os.fspath(output)) as container:
        blocks = list(container.decode(container.streams.audio[0]))
        ends_us = sum(block.samples for block in blocks) * 1_000_000 // 48_000
    assert ends_us == pytest.approx(clip.span.duration, abs=30_000)


def test_sound_alone_and_picture_alone(footage: Path, tmp_path: Path, system: ffmpeg.Tool) -> None:
    sound, picture = tmp_path / "sound.mp3", tmp_path / "picture.mp4"
    run("-f", "lavfi", "-i", f"{BEEP}:d=4", str(sound))
    run("-i", str(footage / "cfr.mp4"), "-c", "copy", "-an", str(picture))
    ffmpeg.encode(sound, Span(1_500_000, 3_200_000), tmp_path / "exact.m4a", tool=system)
    assert [round(begin / 20_000) for begin in beeps(tmp_path / "exact.m4a")] == [25, 75]
    ffmpeg.copy(sound, Span(1_500_000, 3_200_000), tmp_path / "copy.mka", tool=system)
    assert len(beeps(tmp_path / "copy.mka")) == 2
    ffmpeg.encode(footage / "cfr.mp4", Span(0, 900_000), tmp_path / "of.m4a", tool=system)
    with av.open(os.fspath(tmp_path / "of.m4a")) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    ffmpeg.encode(picture, Span(1_000_000, 1_400_000), tmp_path / "mute.mp4", tool=system)
    assert numbers(frames(tmp_path / "mute.mp4")) == list(range(25, 35))
    with av.open(os.fspath(tmp_path / "mute.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_cover_is_no_picture(tmp_path: Path, system: ffmpeg.Tool) -> None:
    cover, song = tmp_path / "cover.png", tmp_path / "song.mp3"
    run("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", str(cover))
    beep = ("-f", "lavfi", "-i", f"{BEEP}:d=3")
    run(*beep, "-i", str(cover), "-map", "0", "-map", "1", "-id3v2_version", "3", str(song))
    ffmpeg.encode(song, Span(500_000, 2_500_000), tmp_path / "clip.m4a", tool=system)
    assert len(beeps(tmp_path / "clip.m4a")) == 2


def test_odd_sizes_become_what_every_player_shows(tmp_path: Path, system: ffmpeg.Tool) -> None:
    source, output = tmp_path / "odd.mkv", tmp_path / "clip.mp4"
    picture = "testsrc=s=161x121:r=25:d=1"
    run("-f", "lavfi", "-i", picture, "-c:v", "ffv1", "-pix_fmt", "yuv444p", str(source))
    ffmpeg.encode(source, Span(0, 400_000), output, tool=system)
    with av.open(os.fspath(output)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.format.name) == (160, 120, "yuv420p")


@pytest.mark.parametrize(
    "name",
    ["a b", "it's \"so\"", "-x", "new\nline", "吃火锅 🍲", "50%d %s", "http:clip", "concat:a|b",
     "[v];null,", "caf\udce9"],
)  # fmt: skip
def test_any_name_is_only_a_name(
    name: str,
    footage: Path,
    tmp_path: Path,
    system: ffmpeg.Tool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    source, output = Path(f"{name}.mp4"), Path(f"{name}.clip.mp4")
    source.hardlink_to(footage / "cfr.mp4")
    ffmpeg.copy(source, Span(0, 500_000), output, tool=system)
    assert left_in(tmp_path) == sorted([source.name, output.name])


def test_only_the_file_itself_is_opened(footage: Path, tmp_path: Path, system: ffmpeg.Tool) -> None:
    playlist = tmp_path / "playlist.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile '{footage / 'cfr.mp4'}'\n")
    with pytest.raises(MediaError, match=r"playlist\.mp4"):
        ffmpeg.encode(playlist, Span(0, 500_000), tmp_path / "clip.mp4", tool=system)
    assert left_in(tmp_path) == ["playlist.mp4"]


@pytest.mark.parametrize("cut", [ffmpeg.encode, ffmpeg.copy])
def test_past_the_end_there_is_nothing(
    cut: Any, footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    with pytest.raises(MediaError, match="nothing to cut"):
        cut(footage / "cfr.mp4", Span(60_000_000, 61_000_000), tmp_path / "clip.mkv", tool=system)
    assert left_in(tmp_path) == []


def test_what_does_not_decode_is_refused(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    broken, text = tmp_path / "broken.mkv", tmp_path / "text.mp4"
    run("-i", str(footage / "cfr.mp4"), "-c", "copy", "-bsf:v", "noise=amount=1", str(broken))
    text.write_text("no video")
    for source in (broken, text, tmp_path / "gone.mp4", tmp_path):
        with pytest.raises(MediaError, match=str(source)):
            ffmpeg.encode(source, Span(0, 2_000_000), tmp_path / "out" / "clip.mp4", tool=system)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.skipif(not COCKATOO.exists(), reason="the real footage is not here")
def test_a_file_that_decodes_wrongly_after_a_seek_is_read_through(
    tmp_path: Path, system: ffmpeg.Tool
) -> None:
    output, right = tmp_path / "clip.mp4", tmp_path / "right.mp4"
    ffmpeg.encode(COCKATOO, Span(5_000_000, 5_300_000), output, tool=system)
    run("-i", str(COCKATOO), "-vf", "trim=5:5.3", "-c:v", "libx264", "-crf", "10", str(right))

    def first(path: Path) -> NDArray[np.int64]:
        with av.open(os.fspath(path)) as container:
            frame = next(container.decode(container.streams.video[0]))
            return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.int64)

    assert np.abs(first(output) - first(right)).mean() < 8


def test_an_existing_file_stays_unless_told(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    source, output = footage / "cfr.mp4", tmp_path / "clip.mp4"
    output.write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        ffmpeg.copy(source, Span(0, 500_000), output, tool=system)

    def meanwhile(_: Path) -> None:
        other.write_text("theirs")

    other = tmp_path / "other.mp4"
    with pytest.raises(OutputError, match="exists"):
        ffmpeg.copy(source, Span(0, 500_000), other, tool=system, check=meanwhile)
    assert (output.read_text(), other.read_text()) == ("mine", "theirs")
    ffmpeg.copy(source, Span(0, 500_000), output, tool=system, overwrite=True)
    assert frames(output)
    assert left_in(tmp_path) == ["clip.mp4", "other.mp4"]


@pytest.mark.parametrize("blow", [KeyboardInterrupt, MediaError])
def test_a_clip_that_is_refused_leaves_nothing(
    blow: type[BaseException], footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    seen: list[Path] = []

    def check(draft: Path) -> None:
        seen.extend(tmp_path.iterdir())
        assert frames(draft)
        raise blow

    with pytest.raises(blow):
        ffmpeg.copy(
            footage / "cfr.mp4", Span(0, 500_000), tmp_path / "c.mp4", tool=system, check=check
        )
    assert [path.name[0] for path in seen] == ["."]
    assert left_in(tmp_path) == []


def test_an_interrupt_ends_ffmpeg_and_its_children(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! > {pids}.tmp; mv {pids}.tmp {pids}; wait"
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            processes.run(["/bin/sh", "-c", script])
    finally:
        signal.signal(signal.SIGALRM, before)
    child = Path("/proc", pids.read_text().strip(), "stat")
    for _ in range(50):
        if not child.exists() or child.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the child lives on")


def test_a_full_disk_and_no_folder_are_the_outputs_fault(
    footage: Path, tmp_path: Path, system: ffmpeg.Tool
) -> None:
    full = script(
        tmp_path / "full",
        f'case "$*" in *.part.*) echo "x: No space left on device" >&2; exit 1;; esac\n'
        f'exec {system.path} "$@"',
    )
    tool = ffmpeg.Tool(full, "5.1", "PATH")
    source, span = footage / "cfr.mp4", Span(0, 500_000)
    with pytest.raises(OutputError, match="No space left"):
        ffmpeg.encode(source, span, tmp_path / "clips" / "c.mp4", tool=tool)
    assert left_in(tmp_path / "clips") == []
    with pytest.raises(OutputError, match="cannot be written"):
        ffmpeg.encode(source, span, full / "c.mp4", tool=system)
    with pytest.raises(OutputError, match=r"\.mp4"):
        ffmpeg.encode(source, span, tmp_path / "c.gif", tool=system)


def test_old_ffmpegs_are_asked_in_their_own_words() -> None:
    def is_new(version: str) -> bool:
        return program.is_new(ffmpeg.Tool(Path("ffmpeg"), version, "PATH"))

    assert not any(map(is_new, ["4.4.2-0ubuntu0.22.04.1", "n4.3", "5.0.1"]))
    assert all(map(is_new, ["5.1.9-0+deb12u1", "n9.0.2-17-g2a571b6068", "10.0", "N-11-gabc"]))


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_ffmpeg_is_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = script(tmp_path / "ffmpeg", "echo ffmpeg version 42.0 Copyright")
    monkeypatch.delenv("VIDCUT_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find() == ffmpeg.Tool(fake, "42.0", "PATH")
    monkeypatch.setenv("PATH", "")
    assert ffmpeg.find().origin == "imageio-ffmpeg"
    monkeypatch.setenv("VIDCUT_FFMPEG", str(fake))
    assert ffmpeg.find() == ffmpeg.Tool(fake, "42.0", "VIDCUT_FFMPEG")
    monkeypatch.setenv("VIDCUT_FFMPEG", str(tmp_path / "gone"))
    with pytest.raises(MissingError, match="VIDCUT_FFMPEG"):
        ffmpeg.find()
