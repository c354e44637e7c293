"""Makes the sample films, the truth beside each, their subtitles, and the queries.

``python sample_media/make.py`` composes photographs that may be redistributed into short
films: slow pans and zooms, hard cuts, titles, synthesised English speech. `films.toml` says
what is in them, and the truth is computed from the same lines, so the two cannot part.
Needs ffmpeg, espeak-ng and Noto Sans CJK (see README.md).
"""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
import tomllib
import wave
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Sound: TypeAlias = NDArray[np.float32]  # mono at SOUND_HZ, -1…1

HERE = Path(__file__).resolve().parent
SOUND_HZ = 22050  # what espeak-ng gives
SPEECH_WPM = 150

PICTURES = {
    "astronaut": ("skimage.data", "astronaut.png"),
    "camera": ("skimage.data", "camera.png"),
    "cat": ("skimage.data", "chelsea.png"),
    "coffee": ("skimage.data", "coffee.png"),
    "coins": ("skimage.data", "coins.png"),
    "galaxies": ("skimage.data", "hubble_deep_field.jpg"),
    "rocket": ("skimage.data", "rocket.jpg"),
    "flower": ("sklearn.datasets.images", "flower.jpg"),
    "temple": ("sklearn.datasets.images", "china.jpg"),
}

# Opus primes its decoder for 6.5 ms, which ffmpeg takes off when it writes and again when it
# reads: sound that begins at 13 ms begins at 0, not before, and so the pictures are not late.
OPUS_START = "aresample=48000,atrim=start=0.013"

ENCODERS = {
    "h264": ("-c:v", "libx264", "-preset", "slow", "-crf", "26", "-bf", "3", "-g", "250"),
    "vp9": ("-c:v", "libvpx-vp9", "-crf", "36", "-b:v", "0", "-cpu-used", "3", "-g", "250"),
    "aac": ("-c:a", "aac", "-b:a", "64k", "-ar", "44100"),
    "opus": ("-af", OPUS_START, "-c:a", "libopus", "-b:a", "40k"),
    "flac": ("-c:a", "flac"),
    "mp4": ("-movflags", "+faststart"),
}

# RGB to the YUV that players expect of pictures this large.
BT709 = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+bitexact,format=yuv420p"
BT709_TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")


@dataclass(frozen=True)
class Shot:
    """``frames`` frames over which the camera moves along ``path`` on a photograph."""

    picture: str
    frames: int
    path: tuple[tuple[float, float, float], tuple[float, float, float]]
    what: str
    what_zh: str
    every: int = 1


@dataclass(frozen=True)
class Film:
    """A film as `films.toml` gives it; its head explains the fields."""

    file: str
    encoders: Sequence[str]
    size: tuple[int, int] = (0, 0)
    rate: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    turned: bool = False
    voice: str | None = None
    waves: float = 0.0
    shots: tuple[Shot, ...] = ()
    titles: Sequence[dict[str, Any]] = ()
    lines: Sequence[dict[str, Any]] = ()

    @property
    def cuts(self) -> list[int]:
        """The frames at which shots begin, and after them the film's length in frames."""
        return [sum(shot.frames for shot in self.shots[:n]) for n in range(len(self.shots) + 1)]


def main() -> None:
    """Write every film, its truth and its subtitles, and the queries, beside this script."""
    plan = tomllib.loads((HERE / "films.toml").read_text(encoding="utf-8"))
    truths = {table["file"]: make(film_of(table)) for table in plan["film"]}
    rows = (json.dumps(answered(query, truths), ensure_ascii=False) for query in plan["query"])
    (HERE / "queries.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def film_of(table: dict[str, Any]) -> Film:
    """A film from its table in `films.toml`."""
    fields = table | {"size": tuple(table.get("size", Film.size))}
    for name in ("rate", "offset"):
        fields[name] = Fraction(fields.get(name, getattr(Film, name)))
    fields["shots"] = tuple(Shot(**shot) for shot in fields.pop("shot", ()))
    fields["titles"], fields["lines"] = fields.pop("title", ()), fields.pop("line", ())
    return Film(**fields)


def make(film: Film) -> dict[str, Any]:
    """Write the film and what goes beside it; give back its truth."""
    with tempfile.TemporaryDirectory() as folder:
        said, sound = speak(film, Path(folder))
        write_sound(Path(folder) / "sound.wav", sound)
        encode(film, Path(folder) / "sound.wav")
    path = HERE / film.file
    truth = tell(film, said, Fraction(len(sound), SOUND_HZ))
    text = json.dumps(truth, ensure_ascii=False, indent=1) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    if film.lines and film.voice is None:
        path.with_suffix(".zh.srt").write_text(subtitles(film), encoding="utf-8")
    print(f"{film.file}: {path.stat().st_size / 1e6:.2f} MB, {truth['duration']:.2f} s")
    return truth


# Truth ----------------------------------------------------------------------------------


def tell(film: Film, said: list[dict[str, Any]], sound_s: Fraction) -> dict[str, Any]:
    """The truth of a film; all times are seconds from what a player shows as 0:00."""
    spans = [between(film, *cuts) for cuts in pairwise(film.cuts)]
    return {
        "duration": seconds(film.cuts[-1] / film.rate if film.shots else sound_s),
        "facts": facts(film),
        "shots": [[span["start"], span["end"]] for span in spans],
        "seen": [
            span | {"what": shot.what, "what_zh": shot.what_zh}
            for span, shot in zip(spans, film.shots, strict=True)
        ],
        "said": said,
        "written": [
            between(film, title["start"], title["end"]) | {"text": title["text"]}
            for title in film.titles
        ],
    }


def facts(film: Film) -> dict[str, Any]:
    """What a reader must find out: the rate is the mean; rotation is counter-clockwise."""
    known = {"sound": has_sound(film), "start_time": seconds(film.offset)}
    if not film.shots:
        return {"picture": False} | known
    frames = sum(len(range(0, shot.frames, shot.every)) for shot in film.shots)
    return {"picture": True} | known | {
        "width": film.size[0],
        "height": film.size[1],
        "rotation": 270 if film.turned else 0,
        "frames": frames,
        "rate": str(film.rate * frames / film.cuts[-1]),
        "rate_varies": any(shot.every > 1 for shot in film.shots),
    }  # fmt: skip


def answered(query: dict[str, Any], truths: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The query with the spans that answer it."""
    spans = [(file, truths[file][kind][place]) for file, kind, place in query["answers"]]
    relevant = [{"video": f, "start": span["start"], "end": span["end"]} for f, span in spans]
    return {key: query[key] for key in ("id", "query", "lang", "modality")} | {"relevant": relevant}


def between(film: Film, start: int, end: int) -> dict[str, Any]:
    """A span given in frames, in seconds."""
    return {"start": seconds(start / film.rate), "end": seconds(end / film.rate)}


def seconds(time: Fraction | float) -> float:
    """Seconds to the microsecond."""
    return round(float(time), 6)


def subtitles(film: Film) -> str:
    """The lines as SubRip."""
    cues = (
        f"{number}\n{stamp(line['start'])} --> {stamp(line['end'])}\n{line['text']}\n"
        for number, line in enumerate(film.lines, start=1)
    )
    return "\n".join(cues)


def stamp(time: float) -> str:
    """Seconds as SubRip writes them."""
    ms = round(time * 1000)
    return f"{ms // 3600000:02}:{ms // 60000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


# Sound ----------------------------------------------------------------------------------


def has_sound(film: Film) -> bool:
    """Whether the film has a sound stream."""
    return bool(film.lines)


def speak(film: Film, folder: Path) -> tuple[list[dict[str, Any]], Sound]:
    """The lines with their times, and the film's whole sound."""
    voices = [synthesise(line["text"], film.voice, folder / "line.wav") for line in film.lines]
    said = [
        {
            "start": line["start"],
            "end": line.get("end", seconds(line["start"] + len(voice) / SOUND_HZ)),
            "text": line["text"],
            "language": "en" if film.voice else "zh",
        }
        for line, voice in zip(film.lines, voices, strict=True)
    ]
    length_s = float(film.cuts[-1] / film.rate) if film.shots else said[-1]["end"] + 0.5
    limits_s = [*(line["start"] for line in film.lines[1:]), length_s]
    for line, limit_s in zip(said, limits_s, strict=False):
        if line["end"] > limit_s:
            message = f"{film.file}: {line['text']!r} ends after {limit_s} s; begin it earlier"
            raise ValueError(message)
    sound = film.waves * waves(round(length_s * SOUND_HZ))
    for line, voice in zip(said, voices, strict=True):
        start = round(line["start"] * SOUND_HZ)
        sound[start : start + len(voice)] += voice
    return said, sound


def synthesise(text: str, voice: str | None, path: Path) -> Sound:
    """The text as espeak-ng says it, without silence at its ends; nothing without a voice."""
    if voice is None:
        return np.zeros(0, np.float32)
    command = ["espeak-ng", "-v", voice, "-s", str(SPEECH_WPM), "-w", str(path), text]
    subprocess.run(command, check=True)
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16) / np.float32(40000)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1].astype(np.float32)


def waves(samples: int) -> Sound:
    """Waves on a shore: brown noise that swells every five seconds, with a peak of 1."""
    spectrum = np.fft.rfft(np.random.default_rng(7).standard_normal(samples))
    pitch_hz = np.fft.rfftfreq(samples, 1 / SOUND_HZ)
    noise = np.fft.irfft(spectrum / np.maximum(pitch_hz, 120), samples)
    swell = 0.6 - 0.4 * np.cos(np.arange(samples) * (2 * np.pi / (5 * SOUND_HZ)))
    sound = noise * swell
    whole: Sound = (sound / np.abs(sound).max()).astype(np.float32)
    return whole


def write_sound(path: Path, sound: Sound) -> None:
    """A 16-bit mono WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


# Pictures -------------------------------------------------------------------------------


def draw(film: Film) -> Iterator[Image.Image]:
    """Every frame of the film, upright."""
    labels = [label(title["text"], film.size) for title in film.titles]
    number = 0
    for shot in film.shots:
        for step in range(shot.frames):
            frame = look(photograph(shot.picture), camera_at(shot, step), film.size)
            for title, drawn in zip(film.titles, labels, strict=True):
                if title["start"] <= number < title["end"]:
                    frame.paste(drawn, (0, 0), drawn)
            yield frame
            number += 1


@cache
def photograph(name: str) -> Image.Image:
    """The photograph, twice as large as it comes and a little sharper."""
    package, file = PICTURES[name]
    with resources.files(package).joinpath(file).open("rb") as stream:
        picture = Image.open(stream).convert("RGB")
    larger = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)
    return larger.filter(ImageFilter.UnsharpMask(2, 60, 2))


def camera_at(shot: Shot, step: int) -> list[float]:
    """Centre x, centre y and width of the view: it moves evenly from start to end."""
    share = step / (shot.frames - 1)
    return [a + (b - a) * share for a, b in zip(*shot.path, strict=True)]


def look(picture: Image.Image, view: list[float], size: tuple[int, int]) -> Image.Image:
    """The part of the picture in view, scaled to the film's size."""
    width = view[2] * picture.width
    height = width * size[1] / size[0]
    left, top = view[0] * picture.width - width / 2, view[1] * picture.height - height / 2
    box = (left, top, left + width, top + height)
    if min(left, top) < 0 or box[2] > picture.width or box[3] > picture.height:
        message = f"the view {view} looks past the picture's edge; narrow it or move its centre"
        raise ValueError(message)
    return picture.resize(size, Image.Resampling.BICUBIC, box=box)


def label(text: str, size: tuple[int, int]) -> Image.Image:
    """White letters on a dark bar in the lower third; transparent elsewhere."""
    layer = Image.new("RGBA", size)
    pen = ImageDraw.Draw(layer)
    font = typeface(round(size[1] * 0.075))
    middle = (size[0] / 2, size[1] * 0.84)
    left, top, right, bottom = pen.textbbox(middle, text, font=font, anchor="mm")
    margin = size[1] * 0.025
    bar = (left - 2 * margin, top - margin, right + 2 * margin, bottom + margin)
    pen.rounded_rectangle(bar, radius=margin, fill=(20, 20, 24, 190))
    pen.text(middle, text, font=font, anchor="mm", fill="white")
    return layer


def typeface(height_px: int) -> ImageFont.FreeTypeFont:
    """Noto Sans CJK SC bold, as fontconfig finds it."""
    name = "Noto Sans CJK SC"
    command = ["fc-match", "-f", "%{file}\n%{index}\n%{family}", f"{name}:bold"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    path, index, family = found.split("\n")
    if name not in family:
        message = f"fontconfig knows no {name}; install the package fonts-noto-cjk"
        raise FileNotFoundError(message)
    return ImageFont.truetype(path, height_px, index=int(index))


# File -----------------------------------------------------------------------------------


def encode(film: Film, sound: Path) -> None:
    """Write the file; ``bitexact`` and one thread, so that it comes out the same again."""
    command = ["ffmpeg", "-v", "error", "-y"]
    if film.shots:
        width, height = film.size[::-1] if film.turned else film.size
        command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        command += ["-r", str(film.rate), "-i", "-"]
    if has_sound(film):
        command += ["-i", str(sound)]
    if film.shots:
        command += ["-vf", f"{thinned(film)},{BT709}", "-fps_mode", "vfr", *BT709_TAGS]
    command += [argument for name in film.encoders for argument in ENCODERS[name]]
    command += ["-threads", "1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    command += ["-output_ts_offset", str(float(film.offset)), str(HERE / film.file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        feed(film, cast("IO[bytes]", ffmpeg.stdin))
    if ffmpeg.returncode:
        raise subprocess.CalledProcessError(ffmpeg.returncode, command)
    if film.turned:
        turn_clockwise(HERE / film.file, film.size[0])


def feed(film: Film, pipe: IO[bytes]) -> None:
    """Write every frame, as it is coded, into the pipe."""
    for frame in draw(film):
        coded = frame.transpose(Image.Transpose.ROTATE_90) if film.turned else frame
        pipe.write(coded.tobytes())


def thinned(film: Film) -> str:
    """A filter that leaves out the frames that ``every`` says."""
    left_out = [
        f"between(n,{start},{start + shot.frames - 1})*mod(n-{start},{shot.every})"
        for start, shot in zip(film.cuts, film.shots, strict=False)
        if shot.every > 1
    ]
    return f"select='not({'+'.join(left_out) or 0})'"


def turn_clockwise(path: Path, width: int) -> None:
    """Write a quarter turn, ``width`` pixels wide when shown, into an MP4's first track header.

    ISO/IEC 14496-12, 8.3.2: the matrix stands 40 bytes into a version 0 ``tkhd`` and holds
    16.16 fixed point numbers. ffmpeg's options for it differ from version to version.
    """
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + len(b"tkhd") + 40
    one = 1 << 16
    content[start : start + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, width * one, 0, 1 << 30)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
