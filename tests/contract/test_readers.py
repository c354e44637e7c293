"""What every reader holds to, on clips made by ffmpeg and measured by ffprobe."""

from __future__ import annotations

import gc
import json
import os
import subprocess
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from PIL import Image

from vidcut import plugins
from vidcut.errors import MediaError, MissingError
from vidcut.protocols import Pace
from vidcut.records import SECOND_US, SubtitleTrack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vidcut.protocols import Reader

RATE_HZ = 16_000

PATTERN = "testsrc=s=160x120:r=10:d=3,format=yuv420p"
FLAGS = "color=red:s=80x80:r=10:d=1[l];color=blue:s=80x80:r=10:d=1[r];[l][r]hstack,format=yuv420p"
BEEP = "aevalsrc='if(between(t,1,1.2),sin(2*PI*1000*t),0)':s=48000:d={}"
X264 = "-c:v libx264 -preset ultrafast -threads 1 -g 10"

RECIPES = {
    "constant.mp4": f"-f lavfi -i {PATTERN} {X264}",
    "bframes.mkv": f"-f lavfi -i {PATTERN} {X264} -bf 3 -b_strategy 0",
    "variable.mkv": f"-f lavfi -i {PATTERN},settb=1/1000,setpts=70*N+3*N*N {X264}"
    " -fps_mode passthrough",
    "late.mkv": f"-f lavfi -i {PATTERN} {X264} -bf 2 -output_ts_offset 5",
    "late.ts": f"-f lavfi -i {PATTERN} {X264} -bf 2 -output_ts_offset 5",
    "bframes.avi": f"-f lavfi -i {PATTERN} -c:v mpeg4 -bf 2 -threads 1",
    "anamorphic.mp4": f"-f lavfi -i {PATTERN},setsar=2 {X264}",
    "ten_bit.mkv": f"-f lavfi -i {PATTERN},format=yuv422p10 -c:v ffv1",
    "alpha.mov": f"-f lavfi -i {PATTERN},format=argb -c:v qtrle",
    "flags.mp4": f"-f lavfi -i {FLAGS} {X264}",
    "picture_after_sound.mkv": f"-f lavfi -i {BEEP.format(3)} -itsoffset 0.5 -f lavfi -i {PATTERN}"
    f" -c:a pcm_s16le {X264}",
    "long_sound.mp4": f"-f lavfi -i {PATTERN} -f lavfi -i {BEEP.format(5)} {X264} -c:a aac",
    "sound.wav": f"-f lavfi -i {BEEP.format(4)}",
    "sound.mkv": f"-f lavfi -i {PATTERN} -f lavfi -i {BEEP.format(3)} {X264} -c:a flac"
    " -output_ts_offset 7",
    "later_and_larger.ts": f"-f lavfi -i {PATTERN},scale=320:240 {X264} -output_ts_offset 9",
    "later_sound.ts": f"-f lavfi -i {PATTERN} -f lavfi -i {BEEP.format(3)} {X264} -c:a mp2"
    " -output_ts_offset 10",
    "late_sound.mkv": f"-f lavfi -i {PATTERN} -itsoffset 1 -f lavfi -i {BEEP.format(2)} {X264}"
    " -c:a pcm_s16le",
    "small.gif": f"-f lavfi -i {PATTERN} -frames:v 3",
    "stream.h264": f"-f lavfi -i {PATTERN} {X264}",
    "cover.mp3": f"-f lavfi -i {BEEP.format(4)} -f lavfi -i {PATTERN} -map 0 -map 1 -frames:v 1"
    " -c:v png -disposition:v attached_pic",
    "sound.ts": f"-f lavfi -i {PATTERN} -f lavfi -i {BEEP.format(3)} {X264} -c:a mp2",
}
PICTURES = (
    "constant.mp4",
    "bframes.mkv",
    "variable.mkv",
    "late.mkv",
    "late.ts",
    "bframes.avi",
    "anamorphic.mp4",
    "ten_bit.mkv",
    "alpha.mov",
    "trimmed.mp4",
    "long_sound.mp4",
    "picture_after_sound.mkv",
)

DELAYED = 2
"""So many of the last frames have no time by ffprobe, where a container keeps none."""

SUBRIP = """1
00:00:00,500 --> 00:00:01,000
<i>Hello</i>, {\\an8}world\x07

2
00:00:01,500 --> 00:00:02,250
吃火锅
second <line

"""
HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{}\n#EXT-X-ENDLIST\n"

REFUSED = {
    "decord": {
        "late.ts": "it repeats and mistimes pictures of MPEG-TS",
        "sound.ts": "it repeats and mistimes pictures of MPEG-TS",
        "two_sizes.ts": "it repeats and mistimes pictures of MPEG-TS",
        "truncated.ts": "it repeats and mistimes pictures of MPEG-TS",
        "variable.mkv": "it needs a frame rate in the header of Matroska",
        "bframes.avi": "it has no times for AVI with B-frames",
        "picture_after_sound.mkv": "it takes the first picture for the beginning",
        "turned_90.mp4": "it jumbles pictures turned by a quarter",
        "turned_270.mp4": "it jumbles pictures turned by a quarter",
        "mirrored.mp4": "it does not mirror",
        "trimmed.mp4": "it shows what the edit list hides",
    }
}
"""What a reader does not do, with the reason: it must say so, and never show something else."""


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)


def ffprobe_times_us(path: Path) -> list[int]:
    """When a player shows each picture, by ffprobe's reckoning."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    entries = "frame=best_effort_timestamp_time:format=start_time"
    run = subprocess.run(
        [*command, "-show_entries", entries, path], check=True, capture_output=True
    )
    found = json.loads(run.stdout)
    start = Fraction(found["format"]["start_time"])
    stamps = [f.get("best_effort_timestamp_time") for f in found["frames"]]
    return [round((Fraction(s) - start) * SECOND_US) for s in stamps if s is not None]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name, recipe in RECIPES.items():
        ffmpeg(*recipe.split(), folder / name)
    ffmpeg("-ss", "0.35", "-i", folder / "constant.mp4", "-c", "copy", folder / "trimmed.mp4")
    turn(folder / "flags.mp4", folder / "turned_90.mp4", degrees=90)
    turn(folder / "flags.mp4", folder / "turned_180.mp4", degrees=180)
    turn(folder / "flags.mp4", folder / "turned_270.mp4", degrees=270)
    turn(folder / "flags.mp4", folder / "mirrored.mp4", degrees=0, mirrored=True)
    for whole, part in (("late.ts", "truncated.ts"), ("bframes.mkv", "truncated.mkv")):
        content = (folder / whole).read_bytes()
        (folder / part).write_bytes(content[: len(content) * 6 // 10])
    holed = bytearray((folder / "long_sound.mp4").read_bytes())
    holed[len(holed) // 3 : len(holed) // 3 + 200] = bytes(200)
    (folder / "damaged.mp4").write_bytes(holed)
    join(folder, "two_sizes.ts", "late.ts", "later_and_larger.ts")
    join(folder, "gap.ts", "sound.ts", "later_sound.ts")
    (folder / "words.srt").write_text(SUBRIP, encoding="utf-8")
    for name, codec in (("subrip.mkv", "srt"), ("ass.mkv", "ass"), ("mov_text.mp4", "mov_text")):
        inputs = ("-i", folder / "constant.mp4", "-i", folder / "words.srt")
        ffmpeg(
            *inputs, "-c:v", "copy", "-c:s", codec, "-metadata:s:s", "language=chi", folder / name
        )
    return folder


@pytest.fixture(scope="session", params=plugins.names("readers"))
def reader(request: pytest.FixtureRequest) -> Reader:
    try:
        made: Reader = plugins.load("readers", request.param).create(threads=1)
    except MissingError as error:
        pytest.skip(str(error))
    return made


@pytest.fixture
def shown(reader: Reader, clips: Path) -> Any:
    """Reads a clip's frames, or skips the test where the reader rightly refuses it."""

    def read(name: str, start_us: int = 0) -> list[Any]:
        if name in refused(reader):
            pytest.skip(refused(reader)[name])
        return list(reader.frames(clips / name, start_us=start_us))

    return read


def refused(reader: Reader) -> dict[str, str]:
    return REFUSED.get(type(reader).__module__.rpartition(".")[2], {})


def turn(source: Path, target: Path, *, degrees: int, mirrored: bool = False) -> None:
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(degrees, hflip=mirrored)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)


def join(folder: Path, name: str, *parts: str) -> None:
    (folder / name).write_bytes(b"".join((folder / part).read_bytes() for part in parts))


def whole_sound(reader: Reader, path: Path, start_us: int = 0) -> Any:
    return np.concatenate([block.samples for block in reader.sound(path, start_us=start_us)])


def beep_us(samples: Any, *, after_us: int = 0) -> int:
    """Where the beep begins."""
    first = after_us * RATE_HZ // SECOND_US
    return int(first + np.argmax(np.abs(samples[first:]) > 0.2)) * SECOND_US // RATE_HZ


@pytest.mark.parametrize("plugin", plugins.names("readers"))
@pytest.mark.parametrize("name", ["constant.mp4", "bframes.mkv", "variable.mkv", "late.ts"])
def test_a_quick_look_leaves_out_frames_and_makes_none_up(
    plugin: str, name: str, clips: Path
) -> None:
    """From the first to within half a second of the last, and no step much above two seconds."""
    try:
        quick = plugins.load("readers", plugin).create(threads=1, pace=Pace.QUICK)
    except MissingError as error:
        pytest.skip(str(error))
    if name in refused(quick):
        pytest.skip(refused(quick)[name])
    close = plugins.load("readers", plugin).create(threads=1)
    every = {frame.time_us: frame for frame in close.frames(clips / name)}
    some = {frame.time_us: frame for frame in quick.frames(clips / name)}
    times = sorted(some)
    assert list(some) == times
    assert every.keys() >= some.keys()
    assert plugin != "pyav" or len(some) < len(every)
    assert times[0] == min(every)
    assert max(every) - times[-1] < SECOND_US // 2
    assert all(b - a <= 2_100_000 for a, b in pairwise(times))
    for time_us, frame in some.items():
        assert np.abs(every[time_us].picture(64).astype(int) - frame.picture(64)).mean() < 2


class TestPictures:
    @pytest.mark.parametrize("name", PICTURES)
    def test_each_frame_has_the_time_at_which_a_player_shows_it(
        self, shown: Any, clips: Path, name: str
    ) -> None:
        times_us = [frame.time_us for frame in shown(name)]
        expected_us = ffprobe_times_us(clips / name)
        assert 0 <= len(times_us) - len(expected_us) <= (DELAYED if name == "bframes.avi" else 0)
        assert times_us[: len(expected_us)] == pytest.approx(expected_us, abs=2)
        assert all(a < b for a, b in pairwise(times_us))

    @pytest.mark.parametrize("name", PICTURES)
    def test_a_later_start_gives_the_same_frames_without_the_first(
        self, shown: Any, name: str
    ) -> None:
        frames = shown(name)
        start_us = frames[len(frames) * 2 // 3].time_us
        later = shown(name, start_us)
        expected = [frame for frame in frames if frame.time_us >= start_us]
        assert [frame.time_us for frame in later] == [frame.time_us for frame in expected]
        for one, other in zip(later, expected, strict=True):
            assert np.array_equal(one.picture(64), other.picture(64))

    def test_a_start_between_two_frames_gives_the_second(self, shown: Any) -> None:
        assert shown("bframes.mkv", 1_400_001)[0].time_us == 1_500_000

    def test_a_start_past_the_end_gives_nothing(self, shown: Any) -> None:
        assert shown("bframes.mkv", 60 * SECOND_US) == []

    @pytest.mark.parametrize("name", PICTURES)
    def test_the_picture_is_what_ffmpeg_shows(self, shown: Any, clips: Path, name: str) -> None:
        frame = shown(name)[0]
        picture = frame.picture(4096)
        assert picture.dtype == np.uint8
        assert picture.shape == ((120, 320, 3) if name == "anamorphic.mp4" else (120, 160, 3))
        arguments = ["ffmpeg", "-v", "error", "-i", str(clips / name), "-frames:v", "1"]
        raw = ["-vf", "scale=iw*sar:ih", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        output = subprocess.run([*arguments, *raw], check=True, capture_output=True).stdout
        expected = np.frombuffer(output, dtype=np.uint8).reshape(picture.shape)
        assert np.abs(picture.astype(int) - expected).mean() < 12

    def test_a_picture_is_at_most_as_long_as_asked_and_never_enlarged(self, shown: Any) -> None:
        frame = shown("constant.mp4")[0]
        assert frame.picture(64).shape == (48, 64, 3)
        assert frame.picture(1).shape == (1, 1, 3)
        assert frame.picture(640).shape == (120, 160, 3)

    @pytest.mark.parametrize(
        ("name", "place"),
        [
            ("flags.mp4", "left"),
            ("turned_90.mp4", "bottom"),
            ("turned_180.mp4", "right"),
            ("turned_270.mp4", "top"),
            ("mirrored.mp4", "right"),
        ],
    )
    def test_pictures_are_upright(
        self, reader: Reader, clips: Path, shown: Any, name: str, place: str
    ) -> None:
        picture = shown(name)[0].picture(160)
        red = picture[:, :, 0].astype(int) - picture[:, :, 2] > 100
        height, width = red.shape
        halves = {
            "left": red[:, : width // 2],
            "right": red[:, width // 2 :],
            "top": red[: height // 2],
            "bottom": red[height // 2 :],
        }
        means = {half: float(area.mean()) for half, area in halves.items()}
        assert max(means, key=lambda half: means[half]) == place
        track = reader.probe(clips / name).picture
        assert track is not None
        assert (track.height, track.width) == picture.shape[:2]

    def test_frames_stay_whole_while_others_are_decoded(self, reader: Reader, clips: Path) -> None:
        kept = list(reader.frames(clips / "constant.mp4"))
        fresh = [frame.picture(64) for frame in reader.frames(clips / "constant.mp4")]
        assert all(
            np.array_equal(one.picture(64), other) for one, other in zip(kept, fresh, strict=True)
        )

    def test_frames_that_are_seen_are_let_go_of_at_once(self, reader: Reader, clips: Path) -> None:
        """Not when the collector comes round: of 1080p, 200 frames would be 600 MB by then."""
        gc.collect()
        gc.disable()
        try:
            for frame in reader.frames(clips / "constant.mp4"):
                frame.picture(64)
            alive = sum(issubclass(type(one), av.VideoFrame) for one in gc.get_objects())
        finally:
            gc.enable()
        assert alive < 5  # of 30

    @pytest.mark.parametrize("name", ["truncated.ts", "truncated.mkv"])
    def test_a_truncated_file_gives_what_it_still_has(self, shown: Any, name: str) -> None:
        assert 5 < len(shown(name)) < 30

    def test_a_damaged_stretch_is_passed_over(self, shown: Any) -> None:
        frames = shown("damaged.mp4")
        assert frames[0].time_us == 0
        assert frames[-1].time_us == 2_900_000

    def test_the_size_may_change_in_mid_stream(self, shown: Any) -> None:
        sizes = {frame.picture(4096).shape for frame in shown("two_sizes.ts")}
        assert sizes == {(120, 160, 3), (240, 320, 3)}

    def test_what_a_reader_gets_wrong_it_refuses(self, reader: Reader, clips: Path) -> None:
        for name in refused(reader):
            with pytest.raises(MediaError, match=name):
                list(reader.frames(clips / name))


class TestSound:
    @pytest.mark.parametrize(
        ("name", "tolerance_us"),
        [
            ("sound.wav", 1_000),
            ("sound.mkv", 1_000),
            ("picture_after_sound.mkv", 1_000),
            ("long_sound.mp4", 10_000),
            ("sound.ts", 30_000),
        ],
    )
    def test_a_beep_is_heard_when_a_player_plays_it(
        self, reader: Reader, clips: Path, name: str, tolerance_us: int
    ) -> None:
        samples = whole_sound(reader, clips / name)
        assert samples.dtype == np.float32
        assert beep_us(samples) == pytest.approx(SECOND_US, abs=tolerance_us)
        assert 0.8 < np.abs(samples).max() <= 1

    @pytest.mark.parametrize("name", ["sound.wav", "long_sound.mp4", "gap.ts"])
    def test_blocks_touch_and_are_short(self, reader: Reader, clips: Path, name: str) -> None:
        blocks = list(reader.sound(clips / name, start_us=123_457))
        assert blocks[0].start_us == 123_457
        for one, next_one in pairwise(blocks):
            assert one.start_us + len(one.samples) * SECOND_US // RATE_HZ == next_one.start_us
        assert max(len(block.samples) for block in blocks) <= 5 * RATE_HZ

    @pytest.mark.parametrize("name", ["sound.wav", "long_sound.mp4", "gap.ts"])
    def test_a_later_start_gives_the_same_sound(
        self, reader: Reader, clips: Path, name: str
    ) -> None:
        whole = whole_sound(reader, clips / name)
        later = whole_sound(reader, clips / name, 3 * SECOND_US)
        expected = whole[3 * RATE_HZ :]
        assert len(later) == pytest.approx(len(expected), abs=2)
        assert later[: len(expected)] == pytest.approx(expected[: len(later)], abs=0.05)

    def test_gaps_are_filled_with_silence(self, reader: Reader, clips: Path) -> None:
        samples = whole_sound(reader, clips / "gap.ts")
        second = beep_us(samples, after_us=4 * SECOND_US)
        assert second == pytest.approx(11 * SECOND_US, abs=30_000)
        assert not samples[4 * RATE_HZ : 9 * RATE_HZ].any()

    def test_sound_that_starts_late_is_led_in_by_silence(self, reader: Reader, clips: Path) -> None:
        blocks = list(reader.sound(clips / "late_sound.mkv"))
        assert blocks[0].start_us == 0
        assert beep_us(np.concatenate([b.samples for b in blocks])) == pytest.approx(
            2_000_000, abs=200
        )

    def test_no_sound_is_said(self, reader: Reader, clips: Path) -> None:
        with pytest.raises(MediaError, match=r"constant\.mp4.*audio"):
            list(reader.sound(clips / "constant.mp4"))


class TestProbe:
    def test_facts(self, reader: Reader, clips: Path) -> None:
        media = reader.probe(clips / "long_sound.mp4")
        assert media.picture is not None
        assert media.sound is not None
        assert "mp4" in media.container
        assert media.picture.codec == "h264"
        assert media.picture.rate == Fraction(10)
        assert (media.picture.width, media.picture.height) == (160, 120)
        assert (media.sound.codec, media.sound.rate_hz, media.sound.channels) == ("aac", 48000, 1)
        assert media.subtitles == ()

    @pytest.mark.parametrize(
        ("name", "seconds"),
        [
            ("constant.mp4", 3),
            ("late.mkv", 3),
            ("late.ts", 3),
            ("long_sound.mp4", 5),
            ("picture_after_sound.mkv", 3.5),
            ("sound.wav", 4),
            ("stream.h264", 3),
            ("cover.mp3", 4),
        ],
    )
    def test_the_duration_is_what_a_player_shows(
        self, reader: Reader, clips: Path, name: str, seconds: float
    ) -> None:
        assert reader.probe(clips / name).duration_us == pytest.approx(seconds * 1e6, abs=60_000)

    @pytest.mark.parametrize("name", ["sound.wav", "cover.mp3"])
    def test_sound_alone_is_media_and_a_cover_is_no_picture(
        self, reader: Reader, clips: Path, name: str
    ) -> None:
        assert reader.probe(clips / name).picture is None
        assert reader.probe(clips / name).sound is not None
        with pytest.raises(MediaError, match=rf"{name}.*video"):
            list(reader.frames(clips / name))

    @pytest.mark.parametrize("name", ["subrip.mkv", "ass.mkv", "mov_text.mp4"])
    def test_subtitles_are_plain_cues(self, reader: Reader, clips: Path, name: str) -> None:
        (track,) = reader.probe(clips / name).subtitles
        assert track.language == "chi"
        cues = reader.cues(clips / name, track)
        assert [cue.text for cue in cues] == ["Hello, world", "吃火锅\nsecond <line"]
        assert [cue.span.start for cue in cues] == [500_000, 1_500_000]
        assert [cue.span.end for cue in cues] == [1_000_000, 2_250_000]

    def test_what_is_no_subtitle_stream_is_said(self, reader: Reader, clips: Path) -> None:
        with pytest.raises(MediaError, match="no text subtitles"):
            reader.cues(clips / "subrip.mkv", SubtitleTrack(0, "subrip", None))


class TestWhatIsNoMedia:
    @pytest.fixture(
        params=["text", "empty", "photo", "hls", "concat", "missing", "folder", "fifo", "cut"]
    )
    def odd(self, request: pytest.FixtureRequest, tmp_path: Path, clips: Path) -> Path:
        path = tmp_path / "odd.mp4"
        makers: dict[str, Callable[[], object]] = {
            "text": lambda: path.write_text("no video\n" * 99),
            "empty": lambda: path.write_bytes(b""),
            "photo": lambda: Image.new("RGB", (64, 48)).save(path, "JPEG"),
            "hls": lambda: path.write_text(HLS.format(clips / "late.ts")),
            "concat": lambda: path.write_text(f"ffconcat version 1.0\nfile {clips / 'late.ts'}\n"),
            "missing": lambda: None,
            "folder": path.mkdir,
            "fifo": lambda: os.mkfifo(path),
            "cut": lambda: path.write_bytes((clips / "constant.mp4").read_bytes()[:2000]),
        }
        makers[request.param]()
        return path

    def test_it_is_refused_with_its_name(self, reader: Reader, odd: Path) -> None:
        with pytest.raises(MediaError, match=r"^odd\.mp4: "):
            reader.probe(odd)
        with pytest.raises(MediaError, match=r"^odd\.mp4: "):
            next(reader.frames(odd))
        with pytest.raises(MediaError, match=r"^odd\.mp4: "):
            next(reader.sound(odd))

    def test_sound_beside_pictures_of_an_unknown_codec_is_refused(
        self, reader: Reader, tmp_path: Path
    ) -> None:
        made = tmp_path / "made.avi"
        inputs = f"-f lavfi -i {PATTERN} -f lavfi -i {BEEP.format(2)}"
        ffmpeg(*f"{inputs} -c:v mpeg4 -c:a pcm_s16le".split(), made)
        unknown = tmp_path / "unknown.avi"
        unknown.write_bytes(made.read_bytes().replace(b"FMP4", b"ZZZZ"))
        with pytest.raises(MediaError, match=r"^unknown\.avi: holds pictures .* codec"):
            reader.probe(unknown)
        assert reader.probe(made).sound

    def test_a_picture_beyond_reason_is_refused(
        self, reader: Reader, clips: Path, tmp_path: Path
    ) -> None:
        gif = bytearray((clips / "small.gif").read_bytes())
        gif[6:10] = b"\xff" * 4  # its canvas, now 65535 x 65535
        (tmp_path / "huge.gif").write_bytes(gif)
        with pytest.raises(MediaError, match=r"huge\.gif"):
            next(reader.frames(tmp_path / "huge.gif"))

    def test_a_name_that_looks_like_an_address_is_a_name(
        self, reader: Reader, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "http:clip.mp4"
        path.write_bytes((clips / "constant.mp4").read_bytes())
        monkeypatch.chdir(tmp_path)
        assert len(list(reader.frames(path.relative_to(tmp_path)))) == 30
