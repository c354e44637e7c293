"""Films of takes that differ in everything; what was made is read by PyAV.

The sources flash for four frames and beep with it, once a second of their own frames.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from vidcut import ffmpeg, plugins, program, rendering, shooting
from vidcut.errors import MediaError, MissingError, OutputError, UsageError
from vidcut.film import Fit
from vidcut.records import SECOND_US, Edit, Gap, Span, Take
from vidcut.rendering import Options

if TYPE_CHECKING:
    from numpy.typing import NDArray

NTSC = Fraction(30_000, 1001)
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac")
VFR = ("-vf", "select='not(eq(mod(n,7),5))'", "-vsync", "0")
SYNC_US = 20_000

Make = tuple[str, str, str, tuple[str, ...]]
SOURCES: dict[str, Make] = {
    "film.mp4": ("24000/1001", "160x90", "stereo", H264),
    "-i 'pal' \n🎬.mp4": ("25", "120x160", "5.1", H264),
    "ntsc; $(x).mp4": ("30000/1001", "320x240", "mono", H264),
    "vfr.mp4": ("25", "160x90", "stereo", (*VFR, *H264)),
    "late.mkv": ("25", "160x90", "stereo", ("-output_ts_offset", "3.3", *H264[:5], "pcm_s16le")),
}


@pytest.fixture(scope="module")
def system() -> program.Tool:
    return ffmpeg.find()


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    for name, (rate, size, layout, options) in SOURCES.items():
        count = round(Fraction(rate))
        lit = f"geq=lum='16+219*lt(mod(N,{count}),4)':cb=128:cr=128"
        beep = f"0.4*sin(2*PI*1000*t)*lt(mod(t,{count}/({rate})),0.05)"
        make(
            folder / name,
            *("-f", "lavfi", "-i", f"color=black:s={size}:r={rate}:d=3,{lit}"),
            *(
                "-f",
                "lavfi",
                "-i",
                f"aevalsrc='{beep}':s=48000:d=3,aformat=channel_layouts={layout}",
            ),
            *options,
        )
    return folder


def make(path: Path, *options: str) -> Path:
    tool = str(ffmpeg.find().path)
    words = [tool, "-nostdin", "-v", "error", "-y", *options, f"file:{path}"]
    subprocess.run(words, check=True)
    return path


def tone(path: Path, expression: str, seconds: float = 4, *options: str) -> Path:
    """Black with a sound."""
    return make(
        path,
        *("-f", "lavfi", "-i", f"color=black:s=160x90:r=25:d={seconds}"),
        *("-f", "lavfi", "-i", f"aevalsrc='{expression}':s=48000:d={seconds}"),
        *(options or H264),
    )


def take(path: Path, start_s: float = 0, end_s: float = 1, title: str = "") -> Take:
    media = plugins.load("readers", "pyav").create().probe(path)
    return Take(str(path), Span(round(start_s * 1e6), round(end_s * 1e6)), media, title)


def film(*items: Take | Gap, rate: Fraction = NTSC, name: str = "reel") -> Edit:
    return Edit(name, items, rate, 160, 90)


@dataclass(frozen=True)
class Seen:
    times_us: list[int]
    pictures: NDArray[np.uint8]
    """``(n, height, width)``, gray."""

    @property
    def flashes_us(self) -> list[int]:
        lit = self.pictures[:, 40:50, 75:85].mean(axis=(1, 2)) > 128
        begins = np.flatnonzero(lit & ~np.concatenate([[False], lit[:-1]]))
        return [self.times_us[place] for place in begins]


def seen(path: Path) -> Seen:
    with av.open(os.fspath(path)) as container:
        frames = list(container.decode(container.streams.video[0]))
    times = [int(frame.pts * frame.time_base * SECOND_US) for frame in frames]
    return Seen(times, np.stack([frame.to_ndarray(format="gray") for frame in frames]))


def heard(path: Path) -> NDArray[np.float32]:
    """The left channel at 48 kHz."""
    with av.open(os.fspath(path)) as container:
        blocks = [b.to_ndarray()[0] for b in container.decode(container.streams.audio[0])]
    return np.concatenate(blocks)


def beeps_us(sound: NDArray[np.float32]) -> list[int]:
    loud = np.flatnonzero(np.abs(sound) > 0.3 * np.abs(sound).max())
    begins = loud[np.diff(loud, prepend=-48_000) > 9_600]
    return [int(place) * SECOND_US // 48_000 for place in begins]


def loudness(path: Path, *options: str) -> float:
    words = [str(ffmpeg.find().path), "-nostdin", "-hide_banner", *options, "-i", f"file:{path}"]
    words += ["-vn", "-af", "ebur128=framelog=verbose", "-f", "null", "-"]
    log = subprocess.run(words, check=True, capture_output=True, text=True).stderr
    return float(re.findall(r"I: +(\S+) LUFS", log)[-1])


# Sync ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_after_twenty_takes_of_all_rates_the_beep_still_comes_with_the_flash(
    footage: Path, tmp_path: Path, system: program.Tool
) -> None:
    names = list(SOURCES)
    takes = [take(footage / names[k % 5], 0.3 + 0.02 * k, 1.2 + 0.021 * k) for k in range(20)]
    made = rendering.render(film(*takes), tmp_path / "f.mp4", options=Options(), tool=system)
    shown, sound = seen(tmp_path / "f.mp4"), heard(tmp_path / "f.mp4")
    flashes, beeps = shown.flashes_us, beeps_us(sound)
    assert len(flashes) == len(beeps) == 20
    # Each source's first flash after 0: its 24th, 25th or 30th frame.
    seconds = [float(round(Fraction(m[0])) / Fraction(m[0])) for m in SOURCES.values()]
    for place, (flash_us, beep_us) in enumerate(zip(flashes, beeps, strict=True)):
        at = made.places[place][1].start + seconds[place % 5] * 1e6 - takes[place].span.start
        assert abs(flash_us - beep_us) <= SYNC_US
        assert abs(flash_us - at) <= SYNC_US
        assert abs(beep_us - at) <= SYNC_US
    assert len(shown.times_us) == round(made.duration_us * NTSC / SECOND_US)
    assert len(sound) >= made.duration_us * 48_000 // SECOND_US


@pytest.mark.parametrize("origin", ["PATH", pytest.param("imageio-ffmpeg", marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_fades_shorten_the_film_and_keep_the_sync(
    footage: Path, tmp_path: Path, system: program.Tool, origin: str, suffix: str
) -> None:
    tool = system if origin == "PATH" else program._tool(program._shipped(), origin)
    takes = [take(footage / name, 0.4, 1.9, title=f"t{n}") for n, name in enumerate(SOURCES)]
    takes.insert(2, take(footage / "film.mp4", 0.4, 0.8))
    output = tmp_path / f"f{suffix}"
    options = Options(fade_us=300_000)
    made = rendering.render(film(*takes, rate=Fraction(25)), output, options=options, tool=tool)
    # Cuts at both sides of the one that is too short, fades of 8 frames elsewhere.
    assert [round(span.start / 40_000) for _, span in made.places] == [0, 30, 67, 77, 107, 136]
    shown = seen(output)
    assert len(shown.times_us) == 174
    assert np.all(np.abs(np.diff(shown.times_us) - 40_000) <= 1_000)
    flashes, beeps = shown.flashes_us, beeps_us(heard(output))
    assert len(flashes) == 5
    assert all(abs(a - b) <= SYNC_US + 1_000 for a, b in zip(flashes, beeps, strict=True))


def test_a_fade_goes_from_one_picture_to_the_other(tmp_path: Path, system: program.Tool) -> None:
    paths = [
        make(
            tmp_path / name, "-f", "lavfi", "-i", f"color={name[:5]}:s=160x90:r=25:d=1.2", *H264[:4]
        )
        for name in ("black.mp4", "white.mp4")
    ]
    options = Options(fade_us=400_000)
    edit = film(*(take(path) for path in paths), rate=Fraction(25))
    rendering.render(edit, tmp_path / "f.mp4", options=options, tool=system)
    levels = seen(tmp_path / "f.mp4").pictures.mean(axis=(1, 2))
    assert len(levels) == 40
    assert (levels[:15] < 20).all()
    assert (levels[25:] > 230).all()
    assert (np.diff(levels[15:25]) > 0).all()


# Pictures -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A white picture that is stored lying and shown standing: 90 wide, 160 high."""
    folder = tmp_path_factory.mktemp("tall")
    lying = make(
        folder / "lying.mp4", "-f", "lavfi", "-i", "color=white:s=160x90:r=25:d=1", *H264[:4]
    )
    shipped = str(program._shipped())
    words = [shipped, "-v", "error", "-display_rotation:v", "90", "-i", str(lying), "-c", "copy"]
    subprocess.run([*words, str(folder / "tall.mp4")], check=True)
    return folder / "tall.mp4"


@pytest.mark.parametrize(("fit", "white"), [(Fit.PAD, (55, 105)), (Fit.CROP, (0, 160))])
def test_a_standing_picture_is_padded_or_cropped(
    tall: Path, tmp_path: Path, system: program.Tool, fit: Fit, white: tuple[int, int]
) -> None:
    rendering.render(film(take(tall)), tmp_path / "f.mp4", options=Options(fit=fit), tool=system)
    row = seen(tmp_path / "f.mp4").pictures[10].mean(axis=0)
    columns = np.flatnonzero(row > 128)
    assert abs(int(columns[0]) - white[0]) <= 1
    assert abs(int(columns[-1]) + 1 - white[1]) <= 1


def test_gaps_and_sound_alone_are_black_with_their_words(
    tmp_path: Path, system: program.Tool
) -> None:
    sound = make(tmp_path / "voice.m4a", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac")
    edit = film(Gap(SECOND_US, "空镜 {\\an8} gap"), take(sound, 0.5, 1.5, "Voice"), Gap(SECOND_US))
    made = rendering.render(edit, tmp_path / "f.mp4", options=Options(), tool=system)
    pictures = seen(tmp_path / "f.mp4").pictures
    words = (pictures > 90).sum(axis=(1, 2))
    assert len(pictures) == 90
    assert (words[:60] > 20).all()
    assert (words[60:] == 0).all()
    # In the middle, not at the top where markup would have sent it.
    assert pictures[15, :25].max() < 60
    levels = np.abs(heard(tmp_path / "f.mp4"))
    assert levels[:46_000].max() < 0.001
    assert levels[50_000:94_000].max() > 0.05
    assert [chapter.title for chapter in made.chapters] == ["空镜 {\\an8} gap", "Voice", ""]


def test_without_libass_gaps_are_black_alone_and_that_is_said(
    tmp_path: Path, system: program.Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shooting, "has_text", lambda _: False)
    edit = film(Gap(SECOND_US, "a gap"))
    made = rendering.render(edit, tmp_path / "f.mp4", options=Options(), tool=system)
    assert "without libass" in made.note
    assert seen(tmp_path / "f.mp4").pictures.max() < 30


def test_this_ffmpeg_draws_text_and_another_may_not(tmp_path: Path, system: program.Tool) -> None:
    assert shooting.has_text(system.path)
    poor = tmp_path / "ffmpeg"
    poor.write_text("#!/bin/sh\necho \"Unknown filter 'subtitles'.\"\n")
    poor.chmod(0o755)
    assert not shooting.has_text(poor)


def test_chapters_and_title_are_in_the_file(
    footage: Path, tmp_path: Path, system: program.Tool
) -> None:
    first = take(footage / "film.mp4", title="a=b; #1 \\ 'q' 火锅 🎬")
    edit = film(first, take(footage / "vfr.mp4", title="[CHAPTER]\nEND=0"), name="Reel\n=1;")
    rendering.render(edit, tmp_path / "-f.mov", options=Options(), tool=system)
    with av.open(os.fspath(tmp_path / "-f.mov")) as container:
        chapters: list[Any] = list(container.chapters())
        assert container.metadata["title"] == "Reel =1;"
    titles = [chapter["metadata"]["title"] for chapter in chapters]
    assert titles == ["a=b; #1 \\ 'q' 火锅 🎬", "[CHAPTER] END=0"]
    assert float(chapters[1]["start"] * chapters[1]["time_base"]) == pytest.approx(1.001, abs=0.002)


# Loudness -----------------------------------------------------------------------------


NOISE = "0.9*(random(0)-0.5)*(0.3+0.7*abs(sin(t*5)))"


@pytest.mark.parametrize(
    "levels",
    [
        (0.3, 1.0),
        pytest.param((0.02, 0.02), marks=pytest.mark.slow),
        pytest.param((1.0, 1.0), marks=pytest.mark.slow),
    ],
    ids=["quiet and loud", "quiet", "loud"],
)
def test_a_film_is_as_loud_as_films_are_and_its_takes_alike(
    tmp_path: Path, system: program.Tool, levels: tuple[float, float]
) -> None:
    takes = [
        take(tone(tmp_path / f"{n}.mkv", f"{level}*{NOISE}"), 0, 4)
        for n, level in enumerate(levels)
    ]
    output = tmp_path / "f.mp4"
    rendering.render(film(*takes), output, options=Options(), tool=system)
    assert abs(loudness(output) + 16) <= 1
    halves = loudness(output, "-t", "4"), loudness(output, "-ss", "4")
    assert abs(halves[0] - halves[1]) <= 1


def test_peaks_do_not_keep_a_film_from_its_loudness(tmp_path: Path, system: program.Tool) -> None:
    clicks = tone(tmp_path / "c.mkv", f"0.02*{NOISE}+0.9*lt(mod(t,0.7),0.0005)", 8)
    output = tmp_path / "f.mp4"
    rendering.render(film(take(clicks, 0, 8)), output, options=Options(), tool=system)
    assert abs(loudness(output) + 16) <= 1
    assert np.abs(heard(output)).max() < 1.0


@pytest.mark.parametrize("expression", ["0", None])
def test_silence_is_kept(tmp_path: Path, system: program.Tool, expression: str | None) -> None:
    source = tmp_path / "s.mp4"
    if expression is None:
        make(source, "-f", "lavfi", "-i", "color=gray:s=160x90:r=25:d=2", *H264[:4])
    else:
        tone(source, expression, 2)
    rendering.render(film(take(source)), tmp_path / "f.mp4", options=Options(), tool=system)
    sound = heard(tmp_path / "f.mp4")
    assert len(sound) >= 48_000
    assert np.abs(sound).max() < 1e-4


# Music --------------------------------------------------------------------------------


def strength(sound: NDArray[np.float32], hz: float) -> float:
    times = np.arange(len(sound)) / 48_000
    return float(np.abs(np.mean(sound * np.exp(-2j * np.pi * hz * times))))


def test_music_is_looped_ducked_below_what_is_heard_and_faded_out(
    tmp_path: Path, system: program.Tool
) -> None:
    source = tone(tmp_path / "s.mp4", "0.3*sin(2*PI*1000*t)*lt(t,4)", 10)
    music = make(tmp_path / "-m 'x'.mp3", "-f", "lavfi", "-i", "sine=f=300:d=3.1", "-c:a", "mp3")
    output = tmp_path / "f.mp4"
    options = Options(music=music)
    rendering.render(film(take(source, 0, 10)), output, options=options, tool=system)
    sound = heard(output)
    below, alone = strength(sound[96_000:180_000], 300), strength(sound[290_000:370_000], 300)
    assert alone > 0.01
    assert 0.1 < below / alone < 0.5
    assert strength(sound[470_000:479_000], 300) < alone / 4
    assert abs(len(sound) - 480_480) < 2_048


def test_a_music_that_is_none_is_told(footage: Path, tmp_path: Path, system: program.Tool) -> None:
    edit = film(take(footage / "film.mp4"))
    (tmp_path / "words.mp3").write_text("no music")
    silent = make(tmp_path / "p.mp4", "-f", "lavfi", "-i", "color=gray:s=32x32:d=1", *H264[:4])
    for music in (tmp_path / "words.mp3", silent):
        with pytest.raises(MediaError, match=music.name):
            render_to(tmp_path / "out" / "f.mp4", edit, system, Options(music=music))
    with pytest.raises(UsageError, match="not there"):
        render_to(tmp_path / "out" / "f.mp4", edit, system, Options(music=tmp_path / "none.mp3"))
    assert list((tmp_path / "out").iterdir()) == []


# What goes wrong ----------------------------------------------------------------------


def render_to(
    output: Path, edit: Edit, tool: program.Tool, options: Options | None = None, **more: Any
) -> rendering.Rendered:
    return rendering.render(edit, output, options=options or Options(), tool=tool, **more)


def test_a_take_that_cannot_be_read_is_left_out_and_named(
    footage: Path, tmp_path: Path, system: program.Tool
) -> None:
    good = take(footage / "film.mp4")
    gone = replace(good, source=str(tmp_path / "gone.mp4"))
    noise = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=2", "-bf", "0", "-g", "10")
    broken = make(tmp_path / "broken.mp4", *noise, *H264[:4], "-movflags", "+faststart")
    size = broken.stat().st_size
    with broken.open("r+b") as file:
        file.seek(size // 4)
        file.write(os.urandom(size - size // 4))
    edit = film(good, gone, replace(good, source=str(broken)), good)
    made = render_to(tmp_path / "f.mp4", edit, system, Options(fade_us=200_000))
    assert [Path(one.path).name for one in made.failures] == ["gone.mp4", "broken.mp4"]
    assert "not there" in made.failures[0].reason
    assert len(made.places) == len(made.chapters) == 2
    assert len(seen(tmp_path / "f.mp4").times_us) == 54
    with pytest.raises(MediaError, match=r"none of the takes can be read.*gone\.mp4"):
        render_to(tmp_path / "g.mp4", film(gone), system)


def test_what_is_there_is_replaced_only_when_asked_and_a_source_never(
    footage: Path, tmp_path: Path, system: program.Tool
) -> None:
    source = tmp_path / "s.mp4"
    shutil.copy(footage / "film.mp4", source)
    before = source.read_bytes()
    edit = film(take(source, 0, 0.2))
    output = tmp_path / "f.mp4"
    output.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        render_to(output, edit, system)
    assert output.read_bytes() == b"mine"
    with pytest.raises(OutputError, match="made of"):
        render_to(source, edit, system, overwrite=True)
    assert source.read_bytes() == before
    render_to(output, edit, system, overwrite=True)
    assert len(seen(output).times_us) == 6
    for name in ("f.m4a", "f.txt"):
        with pytest.raises(OutputError):
            render_to(tmp_path / name, edit, system)
    with pytest.raises(UsageError, match="nothing to show"):
        render_to(tmp_path / "g.mp4", film(), system)


@pytest.mark.parametrize("moment", ["progress", "check"])
def test_whoever_interrupts_finds_nothing_left(
    footage: Path, tmp_path: Path, system: program.Tool, moment: str
) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    told: dict[str, Any] = {moment: stop}
    output = tmp_path / "out" / "f.mp4"
    edit = film(*[take(footage / "film.mp4")] * 6)
    with pytest.raises(KeyboardInterrupt):
        render_to(output, edit, system, **told)
    assert list(output.parent.iterdir()) == []


def refusing(tool: Path, words: str) -> program.Tool:
    """An ffmpeg that fails, with these words, wherever it is to write H.264."""
    tool.write_text(
        f'#!/bin/sh\ncase "$*" in\n*libx264*) echo "{words}" >&2; exit 1;;\nesac\n'
        f'exec {ffmpeg.find().path} "$@"\n'
    )
    tool.chmod(0o755)
    return program.Tool(tool, "5.1", "PATH")


@pytest.mark.parametrize(
    ("words", "error"),
    [("x: No space left on device", OutputError), ("Unknown encoder 'libx264'", MissingError)],
)
def test_a_full_disk_and_a_poor_ffmpeg_leave_nothing_and_are_told(
    footage: Path, tmp_path: Path, words: str, error: type[Exception]
) -> None:
    tool = refusing(tmp_path / "ffmpeg", words)
    output = tmp_path / "out" / "f.mp4"
    with pytest.raises(error, match=words.removeprefix("x: ")):
        render_to(output, film(take(footage / "film.mp4")), tool)
    assert list(output.parent.iterdir()) == []


def test_progress_only_grows_and_ends_at_one(
    footage: Path, tmp_path: Path, system: program.Tool
) -> None:
    shares: list[float] = []
    edit = film(*[take(footage / "film.mp4", 0, 0.3)] * 3)
    render_to(tmp_path / "f.mp4", edit, system, progress=shares.append)
    assert shares == sorted(shares)
    assert len(shares) >= 4
    assert shares[-1] == 1.0
