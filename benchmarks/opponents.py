"""The programs and loops that vidcut is held against, and what each needs to run here.

Peers stand in environments of their own, for their packages' versions are not vidcut's:

    python -m venv benchmarks/.work/peers/rclip
    benchmarks/.work/peers/rclip/bin/pip install rclip

and so on for binquery, ``'reelgrep[whisper]'`` and ``videogrep vosk``. None is needed: one that
is not installed is left out, and the page says so. Their weights are nobody's who has no model
hub: where a peer wants CLIP it is given random weights of the shape that all ways here have,
which take the time that trained ones do; where it wants Whisper, the one that vidcut has.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from measured import ROOT, Spent, process

from vidcut import ffmpeg, plugins
from vidcut.protocols import EncoderOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WORK = ROOT / "benchmarks" / ".work"
WAYS = ROOT / "benchmarks" / "ways"
MODEL = "ViT-B-32"
SIDE_PX, RCLIP_SIDE_PX = 224, 256
READY, READY_EVERY, READY_PX = 32, 20, 640
INSTALL = {"rclip": "rclip", "binquery": "binquery torch", "reelgrep": "'reelgrep[whisper]'"}
INSTALL |= {"videogrep": "videogrep vosk"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to get at something."""

    name: str
    run: Callable[[Path, Path], Spent]
    """Given a film and an empty folder."""
    note: str = ""
    needs: str = ""
    """The peer that has to be installed."""
    asked: str = ""
    """Which way vidcut's is measured against it, and by how much: see `against.ASKED`."""


@dataclass(frozen=True, slots=True)
class Models:
    """Weights, made once."""

    checkpoint: Path
    whisper: Path

    def visual(self, side_px: int) -> Path:
        """The picture tower as ONNX in fp32, with the name that rclip looks for."""
        made = WORK / f"rclip-{side_px}"
        _export(self.checkpoint, side_px, made)
        return made


def models() -> Models:
    """Make what is not there yet."""
    weights: Any = importlib.import_module("vidcut.modalities._whisper_weights")
    folder = weights.join(weights.cache())
    if folder is None:
        raise SystemExit(f"Whisper base is not on this machine; {weights.REMEDY} brings it")
    return Models(_checkpoint(), folder)


def make_ready(models: Models, film: Path) -> None:
    """Have vidcut export the towers, as it does at the first index run of some length.

    It wants `READY` frames to hold the export against torch with; without this, films shorter
    than that would be seen by torch.
    """
    options = EncoderOptions(f"{MODEL}={models.checkpoint}", device="cpu", offline=True)
    encoder = plugins.load("encoders", "open_clip").create(options)
    frames = plugins.load("readers", "pyav").create(threads=0).frames(film)
    some = [
        frame.picture(READY_PX) for frame in islice(frames, 0, READY * READY_EVERY, READY_EVERY)
    ]
    list(encoder.images(some))


def _checkpoint() -> Path:
    made = WORK / "random" / "random.safetensors"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        importlib.import_module("vidcut.encoders._torchvision").make_importable()
        torch: Any = importlib.import_module("torch")
        torch.manual_seed(0)
        model = importlib.import_module("open_clip").create_model(MODEL, pretrained=None)
        part = made.with_suffix(".part")
        importlib.import_module("safetensors.torch").save_file(model.state_dict(), part)
        part.replace(made)
    return made


def _export(checkpoint: Path, side_px: int, folder: Path) -> None:
    """Beside it lie empty files in the place of the text tower, which no picture needs."""
    made = folder / "ViT-B-32-256-datacomp_s34b_b86k" / "visual.onnx"
    if made.exists():
        return
    made.parent.mkdir(parents=True, exist_ok=True)
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    torch: Any = importlib.import_module("torch")
    model = importlib.import_module("open_clip").create_model(
        MODEL, pretrained=str(checkpoint), force_image_size=side_px
    )
    torch.backends.mha.set_fastpath_enabled(False)
    axes = {"input": {0: "pictures"}, "output": {0: "pictures"}}
    part = made.with_suffix(".part")
    torch.onnx.export(
        model.visual.eval(),
        (torch.zeros(2, 3, side_px, side_px),),
        str(part),
        input_names=["input"],
        output_names=["output"],
        dynamic_axes=axes,
        dynamo=False,
    )
    made.with_name("textual.onnx").touch()
    vocabulary = folder / "tokenizer" / "bpe_simple_vocab_16e6.txt.gz"
    vocabulary.parent.mkdir(exist_ok=True)
    vocabulary.touch()
    part.replace(made)


# vidcut -------------------------------------------------------------------------------


def vidcut(*arguments: str) -> Callable[[Path, Path], Spent]:
    """``vidcut index`` into a new library."""
    index = [sys.executable, "-m", "vidcut", "index", "--offline", "--asr", "always", *arguments]

    def run(film: Path, folder: Path) -> Spent:
        return process([*index, "--library", folder, film])

    return run


def alone(only: str, *arguments: str) -> Callable[[Path, Path], Spent]:
    """Vidcut's index run with one modality only."""

    def run(film: Path, folder: Path) -> Spent:
        begin = [sys.executable, WAYS / "alone.py", film, folder / ".vidcut"]
        return process([*begin, "--only", only, *arguments])

    return run


# By hand ------------------------------------------------------------------------------


def decoded(film: Path, folder: Path) -> Spent:
    """What it takes to decode all pictures and throw them away."""
    del folder
    return process(
        [ffmpeg.find().path, "-v", "error", "-i", film, "-map", "0:v", "-f", "null", "-"]
    )


def naive(*arguments: str | Path) -> Callable[[Path, Path], Spent]:
    """The loop that a user would write."""

    def run(film: Path, folder: Path) -> Spent:
        del folder
        return process([sys.executable, WAYS / "naive.py", film, *arguments])

    return run


# Peers --------------------------------------------------------------------------------


def program(peer: str, name: str) -> Path:
    """A program of a peer's environment."""
    return WORK / "peers" / peer / "bin" / name


def is_installed(peer: str) -> bool:
    """Whether its environment is there."""
    return not peer or program(peer, peer).exists()


def how_to_install(peer: str) -> str:
    """The commands, for the page."""
    at = (WORK / "peers" / peer).relative_to(ROOT)
    return f"python -m venv {at} && {at}/bin/pip install {INSTALL[peer]}"


def rclip(models: Models, side_px: int) -> Callable[[Path, Path], Spent]:
    """A JPEG a second by ffmpeg, then the whole program over them.

    It is asked for what looks like the first of them, so that no text tower is needed.
    """
    told = f"import rclip.utils.preprocess as p; p.IMAGE_SIZE = {side_px}; "
    told += "from rclip.main import main; main()"

    def run(film: Path, folder: Path) -> Spent:
        pictures, data = folder / "pictures", folder / "data"
        pictures.mkdir()
        data.mkdir()
        for part in models.visual(side_px).iterdir():
            (data / part.name).symlink_to(part)
        frames = process([*_ffmpeg(film), "-vf", "fps=1", "-q:v", "2", pictures / "%05d.jpg"])
        search = [program("rclip", "python"), "-c", told, "-f", "-t", "1", "./00001.jpg"]
        encoded = process(search, folder=pictures, environment={"RCLIP_DATADIR": str(data)})
        return _sum(frames, encoded)

    return run


def binquery(models: Models) -> Callable[[Path, Path], Spent]:
    """Its own way with a long take: split into clips of eight seconds, three stills of each."""
    told = f"import binquery.clip_local as c; c.PRETRAINED = {str(models.checkpoint)!r}; "
    helped = "import sys; sys.path.insert(0, sys.argv.pop(1)); import _torchvision; "
    helped += "_torchvision.make_importable(); sys.path.pop(0); "
    told = f"{helped}{told}from binquery.cli import main; sys.exit(main())"

    def run(film: Path, folder: Path) -> Spent:
        python = program("binquery", "python")
        begin = [python, "-c", told, ROOT / "vidcut" / "encoders"]
        cache = {"BINQUERY_CLIP_CACHE": str(folder / "cache")}
        split = process(
            [*begin, "split", "--input", film, "--out", folder / "clips"], environment=cache
        )
        index = ["index", "--input", folder / "clips", "--index", folder / "box"]
        return _sum(split, process([*begin, *index], environment=cache))

    return run


def reelgrep_stills(film: Path, folder: Path) -> Spent:
    """It writes a JPEG a second, seeking to each; nothing of it is encoded."""
    begin = [program("reelgrep", "reelgrep"), "--db", folder / "index.db"]
    ingest = ["ingest", film, "--every", "1", "--no-subtitles"]
    return process([*begin, *ingest], folder=folder, environment={"HOME": str(folder)})


def reelgrep_speech(models: Models) -> Callable[[Path, Path], Spent]:
    """By faster-whisper; in a folder in which Whisper's name is that of its weights."""

    def run(film: Path, folder: Path) -> Spent:
        (folder / "base").symlink_to(models.whisper)
        begin = [program("reelgrep", "reelgrep"), "--db", folder / "index.db"]
        home = {"HOME": str(folder)}
        quick = ["ingest", film, "--no-frames", "--no-subtitles"]
        taken = process([*begin, *quick], folder=folder, environment=home)
        said = ["transcribe", film, "--model", "base"]
        return _sum(taken, process([*begin, *said], folder=folder, environment=home))

    return run


def videogrep_speech(film: Path, folder: Path) -> Spent:
    """By Vosk's small English model, which its wheel carries."""
    copy = folder / film.name
    copy.symlink_to(film)
    begin = [program("videogrep", "videogrep"), "--input", copy, "--transcribe"]
    return process(begin, folder=folder, fine=(0, 1))  # 1 where it understood no word


def _ffmpeg(film: Path) -> Sequence[object]:
    return [ffmpeg.find().path, "-nostdin", "-v", "error", "-i", film]


def _sum(*parts: Spent) -> Spent:
    return Spent(sum(one.wall_s for one in parts), sum(one.cpu_s for one in parts))
