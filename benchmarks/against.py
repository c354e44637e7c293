"""vidcut against a loop by hand, the decoder's limit and its peers, side by side on one film.

    python benchmarks/against.py [pictures|speech|text|all ...] [--media DIR] [--mode quick|full]

The film is loop.py's: real footage as 1080p30 H.264. Each way is a program from its start to
its end, on the film and on four seconds of it, in turns with all others; what the short one
took is its start-up, and times realtime are of the rest. Ratios are taken within each round,
then their median. Each part's figures go to ``benchmarks/results/PART.json``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import loop
import opponents
from measured import WayFailedError, write
from opponents import RCLIP_SIDE_PX, SIDE_PX, WORK, Models, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from measured import Spent

SHORT_S = 4
LONG_S = {"quick": 60, "full": 300}
RUNS = {"quick": 3, "full": 5}
DECODED = "`ffmpeg -f null`"
NAIVE, OPENCV = "naive loop, decord", "naive loop, OpenCV"
RCLIP = f"ffmpeg to JPEG, rclip at {SIDE_PX} px"
FW, FW_INT8 = "faster-whisper, defaults", "faster-whisper, defaults, int8"
RAPID = "rapidocr, defaults, every frame taken"
QUICK, OURS, LABELS = "vidcut, fast", "vidcut", "vidcut, labels"


@dataclass(frozen=True, slots=True)
class Asked:
    """How many times as fast as another a way should be."""

    way: str
    other: str
    least: float


ASKED: Mapping[str, Sequence[Asked]] = {
    "pictures": (
        Asked(OURS, NAIVE, 4.5),
        Asked(OURS, RCLIP, 1.6),
        Asked(OURS, DECODED, 0.8),
        Asked(QUICK, NAIVE, 7.0),
    ),
    "speech": (Asked(OURS, FW, 1.3), Asked(OURS, FW_INT8, 1.3)),
    "text": (Asked(OURS, RAPID, 6.0),),
    "still-text": (Asked(OURS, RAPID, 20.0),),
    "all": (Asked(LABELS, NAIVE, 3.0), Asked(OURS, NAIVE, 3.0)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(ASKED), metavar="PART")
    parser.add_argument("--media", type=Path, default=loop.SAMPLES)
    parser.add_argument("--mode", choices=list(RUNS), default="quick")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--ways", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--warm", action="store_true", help="no first round, only to warm up")
    options = parser.parse_args()
    for part in options.parts:
        if part not in ASKED:
            parser.error(f"there is no part {part!r}; there are {', '.join(ASKED)}")
    long_s, runs = LONG_S[options.mode], options.runs or RUNS[options.mode]
    models = opponents.models()
    for part in options.parts:
        film, short = films(options.media, long_s, is_still=part == "still-text")
        if part in {"pictures", "all"}:
            opponents.make_ready(models, film)
        print(f"{part}: {long_s} s of film, {runs} runs", flush=True)
        ways = _ways(part, models)
        left_out = _left_out(ways, options.ways)
        for rounds in _race(ways, film, short, range(-1 + options.warm, runs), left_out):
            so_far = max(map(len, rounds.values()))
            facts = {"media": _named(options.media), "seconds": long_s, "runs": so_far}
            figures = {
                "input": facts,
                "rows": [_row(w, rounds[w.name], long_s) for w in ways if w.name in rounds],
                "asked": list(_judged(part, rounds)),
                "left_out": left_out,
            }
            write(part, figures, mode=options.mode)


def _ways(part: str, models: Models) -> list[Way]:
    clip = ("--visual-model", f"{opponents.MODEL}={models.checkpoint}")
    see, hear = ("--see", models.checkpoint), ("--hear", models.whisper)
    naive, alone, whole = opponents.naive, opponents.alone, opponents.vidcut
    reading = [
        Way(RAPID, naive("--read"), "a frame a second"),
        Way(OURS, alone("ocr")),
        Way(QUICK, alone("ocr", "--quality", "fast")),
    ]
    every: Mapping[str, list[Way]] = {
        "pictures": [
            Way(DECODED, opponents.decoded, "the decoder's limit"),
            Way(NAIVE, naive(*see), "torch fp32, a frame a second"),
            Way(OPENCV, naive(*see, "--by", "opencv"), "torch fp32, a frame a second"),
            Way(RCLIP, opponents.rclip(models, SIDE_PX), "ONNX fp32, a frame a second", "rclip"),
            Way(
                f"ffmpeg to JPEG, rclip as it comes ({RCLIP_SIDE_PX} px)",
                opponents.rclip(models, RCLIP_SIDE_PX),
                "ONNX fp32, a frame a second",
                "rclip",
            ),
            Way("binquery", opponents.binquery(models), "3 stills of every 8 s", "binquery"),
            Way("reelgrep", opponents.reelgrep_stills, "a still a second, none seen", "reelgrep"),
            Way(OURS, alone("frame", *clip), "shots too; samples once a second and a shot"),
            Way(QUICK, alone("frame", *clip, "--quality", "fast"), "`--quality fast`"),
            Way(LABELS, alone("frame"), "the offline model, two looks at each sample"),
        ],
        "speech": [
            Way(FW, naive(*hear), "beam 5, no VAD, fp32"),
            Way(FW_INT8, naive(*hear, "--compute", "int8"), "beam 5, no VAD"),
            Way("reelgrep", opponents.reelgrep_speech(models), "beam 5, VAD, int8", "reelgrep"),
            Way("videogrep", opponents.videogrep_speech, "Vosk, English only", "videogrep"),
            Way(OURS, alone("asr"), "VAD, int8, words' times"),
        ],
        "text": reading,
        "still-text": reading,
        "all": [
            Way(NAIVE, naive(*see, *hear, "--read"), "ViT-B/32, Whisper base, rapidocr"),
            Way(OURS, whole(*clip), "ViT-B/32, Whisper base, rapidocr; shots"),
            Way(LABELS, whole("--visual-model", "labels"), "the offline models"),
            Way(QUICK, whole("--visual-model", "labels", "--quality", "fast"), "offline models"),
        ],
    }  # fmt: skip
    return every[part]


# The films ----------------------------------------------------------------------------


def films(media: Path, long_s: int, *, is_still: bool = False) -> tuple[Path, Path]:
    """The film and its short brother, made where they are not there yet."""
    made = []
    for seconds in (long_s, SHORT_S):
        kind = "still" if is_still else media.resolve().name
        film = WORK / "films" / f"{kind}-{seconds}.mp4"
        if not film.exists():
            film.parent.mkdir(parents=True, exist_ok=True)
            part = film.with_suffix(".part.mp4")
            (loop.make_still if is_still else loop.make)(part, media, seconds)
            part.replace(film)
        made.append(film)
    return made[0], made[1]


def _named(media: Path) -> str:
    videos = sum(map(loop.is_video, media.rglob("*")))
    return f"{videos} videos of `{media.resolve().parent.name}/{media.resolve().name}`"


# The race -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Round:
    """One way, once: on the film and on its beginning."""

    whole: Spent
    start: Spent

    def net(self, figure: Callable[[Spent], float]) -> float:
        """Seconds without those of the start-up; on a machine so busy that these were more, all."""
        without = figure(self.whole) - figure(self.start)
        return without if without > 0 else figure(self.whole)


def _left_out(ways: Sequence[Way], chosen: Sequence[str] | None) -> dict[str, str]:
    """Which ways are not run, and why."""
    unwanted = {
        way.name: "left out of this run" for way in ways if chosen and way.name not in chosen
    }
    missing = {
        way.name: f"not installed: `{opponents.how_to_install(way.needs)}`"
        for way in ways
        if not opponents.is_installed(way.needs)
    }
    return unwanted | missing


def _race(
    ways: Sequence[Way], film: Path, short: Path, runs: range, left_out: dict[str, str]
) -> Iterator[dict[str, list[Round]]]:
    """After each round what was found so far; run -1 only warms up. Who fails is left out."""
    rounds: dict[str, list[Round]] = {}
    for run in runs:
        for way in ways:
            if way.name in left_out:
                continue
            try:
                start = _once(way, short)
                if run >= 0:
                    rounds.setdefault(way.name, []).append(Round(_once(way, film), start))
                    _tell(run, way, rounds[way.name][-1])
            except WayFailedError as error:
                left_out[way.name] = f"failed: {str(error)[-200:]}"
                rounds.pop(way.name, None)
                print(f"  {way.name}: {error}", flush=True)
        if run >= 0:
            yield rounds


def _tell(run: int, way: Way, one: Round) -> None:
    seconds = f"{one.whole.wall_s:7.2f} s wall {one.whole.cpu_s:7.2f} s CPU"
    print(f"  {run + 1} {seconds}, start {one.start.wall_s:.2f} s  {way.name}", flush=True)


def _once(way: Way, film: Path) -> Spent:
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        return way.run(film, Path(folder))


def _wall(one: Spent) -> float:
    return one.wall_s


def _cpu(one: Spent) -> float:
    return one.cpu_s


def _row(way: Way, rounds: Sequence[Round], long_s: int) -> dict[str, Any]:
    played_s = long_s - SHORT_S
    return {
        "way": way.name,
        "note": way.note,
        "wall_s": statistics.median(one.whole.wall_s for one in rounds),
        "cpu_s": statistics.median(one.whole.cpu_s for one in rounds),
        "startup_s": statistics.median(one.start.wall_s for one in rounds),
        "x_realtime": played_s / statistics.median(one.net(_wall) for one in rounds),
        "x_realtime_a_core": played_s / statistics.median(one.net(_cpu) for one in rounds),
        "runs": [{"whole": asdict(one.whole), "start": asdict(one.start)} for one in rounds],
    }


def _judged(part: str, rounds: Mapping[str, Sequence[Round]]) -> Sequence[dict[str, Any]]:
    judged = []
    for asked in ASKED[part]:
        if asked.way not in rounds or asked.other not in rounds:
            continue
        both = list(zip(rounds[asked.other], rounds[asked.way], strict=True))
        wall, cpu = ([other.net(f) / one.net(f) for other, one in both] for f in (_wall, _cpu))
        whole = [other.whole.wall_s / one.whole.wall_s for other, one in both]
        judged.append(
            {
                "way": asked.way,
                "other": asked.other,
                "asked": asked.least,
                "ratio": statistics.median(wall),
                "least": min(wall),
                "most": max(wall),
                "ratio_cpu": statistics.median(cpu),
                "ratio_whole": statistics.median(whole),
            }
        )
    return judged


if __name__ == "__main__":
    main()
