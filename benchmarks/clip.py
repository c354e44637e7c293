"""An open_clip model on this CPU: torch against ONNX Runtime, and a search's cold start by each.

    python benchmarks/clip.py VIDEO|FOLDER ... [--model ViT-B-32] [--runs N] [--threads N]
                             [--frames N] [--only towers|searches]

The model's weights are random: they take the time that trained ones do, and nothing is said of
what is found. Frames are real, two seconds apart in each video. Each run takes all the ways in
turn, so that a busy machine is busy for all; printed are medians, and medians of the ratios
within one run. ``search`` is a process of its own on a library of 10,000 made-up frames; its
torch way is vidcut's where a model could not be made ready.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import operator
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from vidcut import Settings, Span, plugins
from vidcut.encoders import _clip_choice, _clip_export, _clip_onnx, _exported
from vidcut.encoders._looks import Looks
from vidcut.encoders._rows import unit
from vidcut.library import open_to_write
from vidcut.protocols import EncoderOptions
from vidcut.records import SECOND_US, Draft, Media, PictureTrack
from vidcut.wiring import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vidcut.records import Picture

ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
EVERY_S, LONGEST_PX, FRAMES = 2, 640, 32
TEXTS = ("a red car crossing a parking lot", "eating hot pot", "雨中的一辆红色汽车", "湖边的古塔")
CHUNKS = 10_000
HEAVY = ("torch", "open_clip", "transformers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--only", choices=["towers", "searches"])
    given = parser.parse_args()
    frames = list(itertools.islice(_frames(given.paths), given.frames))
    print(f"{given.model}, random weights; {len(frames)} real frames; {given.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        model = f"{given.model}={_random(given.model, Path(folder))}"
        options = EncoderOptions(model, device="cpu", threads=given.threads, offline=True)
        if given.only != "searches":
            _towers(Path(folder), options, frames, given.runs)
        if given.only != "towers":
            _searches(Path(folder), options, given.runs)


def _towers(folder: Path, options: EncoderOptions, frames: list[Picture], runs: int) -> None:
    encoder = plugins.load("encoders", "open_clip").create(options)
    config, origin = encoder._text_config(), encoder._origin()  # noqa: SLF001
    choice = _clip_choice.parse(origin.model)
    torch_side: Any = importlib.import_module("vidcut.encoders._clip")
    clip = torch_side.load(choice, origin.weights, options)
    see: dict[str, Callable[[], Any]] = {"torch fp32": _pictures(clip, frames)}
    see["torch bf16"] = _pictures(clip.rounded(), frames)
    say: dict[str, Callable[[], Any]] = {"torch fp32": _texts(clip)}
    begun = time.perf_counter()
    for precision, (reads, sees) in _written(clip, config, folder, options.threads):
        say[f"ONNX {precision}"], see[f"ONNX {precision}"] = _texts(reads), _pictures(sees, frames)
    print(f"both towers written twice in {time.perf_counter() - begun:.0f} s", flush=True)
    _near("frames", see)
    _near("texts", say)
    _told("pictures", "images/s", see, runs, lambda spent_s: len(frames) / spent_s)
    _told("texts", "ms each", say, runs, lambda spent_s: 1e3 * spent_s / len(TEXTS))


def _written(
    clip: Any, config: Any, folder: Path, threads: int
) -> Iterator[tuple[str, tuple[_clip_onnx.Words, _clip_onnx.Pictures]]]:
    """Both towers in both precisions, however near: vidcut itself keeps the first that will do."""
    model, _, tokenizer = clip.parts()
    torch: Any = importlib.import_module("torch")
    looks = dict(model.visual.preprocess_cfg)
    blank = torch.zeros(2, 3, *(2 * [Looks.of(looks).side_px]))
    for tower, encode, batch, kinds in (
        ("words", model.encode_text, tokenizer(["a", "b"]), ["MatMul", "Gemm", "Gather"]),
        ("seen", model.encode_image, blank, ["MatMul", "Gemm"]),
    ):
        with _clip_export._translating():  # noqa: SLF001
            _clip_export._written(model, encode, batch, folder)  # noqa: SLF001
            whole, rounded = folder / _clip_export._WHOLE, folder / "rounded.onnx"  # noqa: SLF001
            _clip_export._round(whole, rounded, kinds)  # noqa: SLF001
            for precision, path in (("fp32", whole), ("int8", rounded)):
                (folder / precision / tower).mkdir(parents=True)
                place = folder / precision / tower / _clip_onnx.MODEL
                _clip_onnx.session(path, threads=1, save_as=place)
    for precision in ("fp32", "int8"):
        words, seen = folder / precision / "words", folder / precision / "seen"
        facts = {"tokens": _clip_export._tokens(tokenizer, config, words)}  # noqa: SLF001
        reads = _clip_onnx.Words(words, facts, threads=threads)
        yield precision, (reads, _clip_onnx.Pictures(seen, {"looks": looks}, threads=threads))


def _near(what: str, ways: dict[str, Callable[[], Any]]) -> None:
    """Cosines with torch fp32, of the one that is worst off and of all."""
    rows = {name: np.stack(work()) for name, work in ways.items()}
    wanted = rows.pop("torch fp32")
    for name, found in rows.items():
        cosines = np.sum(found * wanted, axis=1)
        print(f"{what}, {name}: least cosine {cosines.min():.5f}, median {np.median(cosines):.5f}")
    between = wanted @ wanted.T
    others = between[~np.eye(len(wanted), dtype=bool)]
    print(f"{what}, of one with another: median {np.median(others):.3f}, most {others.max():.4f}")


def _texts(reader: Any) -> Callable[[], Any]:
    return lambda: [reader.text(one) for one in TEXTS]


def _pictures(reader: Any, frames: list[Picture]) -> Callable[[], Any]:
    return lambda: list(reader.images(frames))


def _searches(folder: Path, options: EncoderOptions, runs: int) -> None:
    """Cold, by ONNX Runtime and by torch: two caches, in one of which the model is refused."""
    encoder = plugins.load("encoders", "open_clip").create(options)
    with _cache(folder / "refused"):
        shelf = encoder._shelf()  # noqa: SLF001
        shelf.keep(_exported.WORDS, lambda _: {"refused": "held against torch"})
    with _cache(folder / "ready"):
        encoder.query(TEXTS[0])
        (made,) = _exported.kept()
    library = folder / "library" / ".vidcut"
    _build(library, options)
    search = [sys.executable, "-m", "vidcut", "search", TEXTS[0], "--in", "frame", "-n", "--json"]
    search += ["--min-score", "0", "--offline", "--library", str(library)]
    ways = {
        name: {**os.environ, "XDG_CACHE_HOME": str(folder / name), "XDG_STATE_HOME": str(folder)}
        for name in ("refused", "ready")
    }
    work = {
        "torch fp32": lambda: _run(search, ways["refused"]),
        f"ONNX {made.facts['precision']}": lambda: _run(search, ways["ready"]),
    }
    traced = [search[0], "-X", "importtime", *search[1:]]
    modules = _run(traced, ways["ready"]).stderr.split()
    print("a search by ONNX Runtime imports", [one for one in HEAVY if one in modules] or "none")
    _told(f"search, cold, {CHUNKS} frames", "s", work, runs, lambda spent_s: spent_s)


def _run(command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    try:
        yield
    finally:
        del os.environ["XDG_CACHE_HOME"]
        os.environ.update({"XDG_CACHE_HOME": before} if before is not None else {})


def _told(
    what: str,
    unit_name: str,
    ways: dict[str, Callable[[], Any]],
    runs: int,
    figure: Callable[[float], float],
) -> None:
    spent: dict[str, list[float]] = {name: [] for name in ways}
    busy: dict[str, list[float]] = {name: [] for name in ways}
    for run in range(runs + 1):
        for name, work in ways.items():
            begun, begun_cpu = time.perf_counter(), _cpu_s()
            work()
            if run:  # the first is a warm-up
                spent[name].append(time.perf_counter() - begun)
                busy[name].append(_cpu_s() - begun_cpu)
    first = next(iter(ways))
    for name, times in spent.items():
        ratios = [one / other for one, other in zip(spent[first], times, strict=True)]
        by_cpu = statistics.median(map(operator.truediv, busy[first], busy[name]))
        low, high = min(ratios), max(ratios)
        print(f"{what}, {name}: {figure(statistics.median(times)):.3g} {unit_name}", end="; ")
        print(f"{statistics.median(ratios):.2f}x torch fp32 ({low:.2f} to {high:.2f})", end=", ")
        print(f"{by_cpu:.2f}x by the processor's time", flush=True)


def _cpu_s() -> float:
    """Of this process and those that it has waited for."""
    return sum(os.times()[:4])


def _random(model: str, folder: Path) -> Path:
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    torch: Any = importlib.import_module("torch")
    torch.manual_seed(0)
    made = importlib.import_module("open_clip").create_model(model, pretrained=None)
    importlib.import_module("safetensors.torch").save_file(
        made.state_dict(), folder / "random.safetensors"
    )
    return folder / "random.safetensors"


def _frames(paths: Sequence[Path]) -> Iterator[Picture]:
    """By turns, so that few of them are of one video."""
    videos = [
        video
        for path in paths
        for video in ([path] if path.is_file() else sorted(path.rglob("*")))
        if video.suffix.lower() in ENDINGS
    ]
    for at in range(FRAMES):
        for video in videos:
            with av.open(str(video), metadata_errors="ignore") as container:
                container.seek(at * EVERY_S * av.time_base)
                frame = next(container.decode(video=0), None)
                if frame is not None:
                    image = frame.to_image()
                    image.thumbnail((LONGEST_PX, LONGEST_PX))
                    yield np.asarray(image)


def _build(path: Path, options: EncoderOptions) -> None:
    kind = store(Settings())
    space = plugins.load("encoders", "open_clip").create(options).space
    vectors = unit(np.random.default_rng(0).standard_normal((CHUNKS, space.dim), dtype=np.float32))
    with open_to_write(path, kind, create=True) as holdings, holdings.catalog.writing():
        holdings.catalog.keep_setting("visual_model", f"open_clip:{options.model}")
        video = holdings.catalog.add_video("film.mp4", (1, 1), b"1")
        track = PictureTrack("h264", 1920, 1080, None)
        holdings.catalog.describe(video, Media("mp4", CHUNKS * SECOND_US, track, None))
        holdings.catalog.set_state(video, "ok")
        spans = (Span(at * SECOND_US, (at + 1) * SECOND_US) for at in range(CHUNKS))
        drafts = [Draft(span, None, row) for span, row in zip(spans, vectors, strict=True)]
        holdings.keep(video, "frame", space, drafts)
    with open_to_write(path, kind) as holdings:
        holdings.refresh_snapshots(("frame",))


if __name__ == "__main__":
    main()
