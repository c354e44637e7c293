"""What a machine with a CUDA GPU makes of footage: decoding, encoding, speech, search, all of it.

    python benchmarks/gpu.py FILM|FOLDER ... [--only decode encode speech search index]
                            [--runs N] [--rows N] [--json FILE]

Where there is no CUDA device it says so and exits 5: nothing is guessed. A figure that this
machine cannot give says why ("not measured: ..."), and the exit status is then 3. Every figure is
the median of ``--runs`` after one that is not counted, and the GPU has done all its work when a
clock is read.

- decode, of the first film, which should last some minutes: pictures a second that NVDEC gives with
  nothing done to them (the decoder's own limit, by as many decoders at once as do best), then what
  vidcut's windows reach by the readers ``nvdec`` and ``pyav``, in as many processes; its share of
  the limit is what is aimed at (0.8).
- encode: ViT-B/32 of random weights, pictures of 640 px from this machine's memory to vectors in it
  (aim: 15,000 a second), the tower alone, and the tower compiled, with what compiling took.
- speech: Whisper base as vidcut asks it, and batched as faster-whisper would (aim: 200x realtime).
- search: a flat scan of ``--rows`` x 512 in float16 by FAISS on the GPU, and by torch's product and
  topk as the limit (aim: 5 ms for 10,000,000).
- index: all modalities, in a new process (aim: 100x realtime).
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut import devices, plugins, stopwatch, workers
from vidcut.errors import VidcutError
from vidcut.protocols import EncoderOptions, ModalityOptions
from vidcut.records import SECOND_US, SoundWindow, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vidcut.records import Picture

ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
AT_ONCE = (1, 2, 4, 8, 16)
PICTURES, LONGEST_PX = 2048, 640
BATCHES = (64, 256, 1024)
DIM, COUNT = 512, 100
SLICE_ROWS = 1 << 18
WINDOW_S, RATE_HZ = 75, 16_000
MISSING, PARTLY = 5, 3
PACKAGES = ("torch", "open_clip_torch", "av", "faster-whisper", "ctranslate2", "faiss-gpu-cu12")


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    value: float | None
    unit: str
    aim: float | None = None
    note: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.what:44} not measured: {self.note}"
        aim = f"  (aim {self.aim:g})" if self.aim is not None else ""
        note = f"  {self.note}" if self.note else ""
        return f"{self.what:44} {self.value:12.4g} {self.unit}{aim}{note}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, nargs="*")
    parser.add_argument("--only", choices=sorted(ROWS), nargs="+", default=list(ROWS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = devices.cuda()
    if not found:
        print("no CUDA device: not measured")
        return MISSING
    _machine(found)
    figures: list[Figure] = []
    for name in given.only:
        for figure in _guarded(name, given):
            print(figure, flush=True)
            figures.append(figure)
    if given.json:
        given.json.write_text(json.dumps([one.__dict__ for one in figures], indent=1), "utf-8")
    return PARTLY if any(one.value is None for one in figures) else 0


def _guarded(name: str, given: argparse.Namespace) -> Iterator[Figure]:
    """A row that fails says why, and the others are measured all the same."""
    try:
        yield from ROWS[name](given)
    except (ImportError, RuntimeError, OSError, ValueError, VidcutError) as error:
        first = str(error).strip().partition("\n")[0]
        yield Figure(name, None, "", note=f"{type(error).__name__}: {first}")


def _machine(found: Sequence[devices.Device]) -> None:
    names = ", ".join(f"{one.name} ({one.memory_bytes / 2**30:.0f} GiB)" for one in found)
    print(f"{names}; {stopwatch.cores()} cores; Python {sys.version.split()[0]}")
    for package in PACKAGES:
        try:
            print(f"  {package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            print(f"  {package} is not installed")


def _median_s(work: Callable[[], object], runs: int) -> float:
    """The first run is not counted."""
    spent = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent[1:])


# Decoding -----------------------------------------------------------------------------


def decode(given: argparse.Namespace) -> Iterator[Figure]:
    path = next(iter(_videos(given.paths)))
    plain = plugins.load("readers", "pyav").create()
    media = plain.probe(path)
    film_s = media.duration_us / SECOND_US
    size = f"{media.picture.width}x{media.picture.height} {media.picture.codec}"
    print(f"decoding {path.name}: {film_s:.1f} s of {size}")
    best, many = 0.0, 1
    for count in AT_ONCE:
        rate = _limit(path, count, given.runs)
        best, many = max((best, many), (rate, count))
    yield Figure("NVDEC alone", best, "pictures/s", note=f"by {many} decoders at once")
    pictures_per_s = _limit_pictures(path) / film_s
    yield Figure("NVDEC alone", best / pictures_per_s, "x realtime")
    for reader, aim in (("nvdec", 0.8), ("pyav", None)):
        reached = many * film_s / _windows_s(reader, path, many, given.runs)
        yield Figure(f"vidcut's windows, reader {reader}", reached, "x realtime")
        share = reached * pictures_per_s / best
        yield Figure(f"share of NVDEC's limit, reader {reader}", share, "", aim)


def _limit(path: Path, count: int, runs: int) -> float:
    """Pictures a second by so many decoders of the same film; frames never leave the GPU."""
    with ThreadPoolExecutor(count) as pool:

        def all_of_them() -> None:
            list(pool.map(_limit_pictures, [path] * count))

        return count * _limit_pictures(path) / _median_s(all_of_them, runs)


def _limit_pictures(path: Path) -> int:
    av: Any = importlib.import_module("av")
    accelerated: Any = importlib.import_module("av.codec.hwaccel")
    device = accelerated.HWAccel("cuda", allow_software_fallback=False, is_hw_owned=True)
    with av.open(str(path), hwaccel=device) as container:
        stream = container.streams.video[0]
        if not stream.codec_context.is_hwaccel:
            raise RuntimeError(f"NVDEC does not decode {stream.codec_context.name}")
        return sum(1 for _ in container.decode(stream))


def _windows_s(reader: str, path: Path, count: int, runs: int) -> float:
    """What an index run sees, in as many processes; they are started before they are timed."""
    eyes = workers.Workers(workers.command(reader, threads=max(1, stopwatch.cores() // count)))

    def see(path: Path) -> None:
        for _ in eyes.windows(path, start_us=0, longest_px=LONGEST_PX):
            pass

    try:
        with ThreadPoolExecutor(count) as pool:
            return _median_s(lambda: list(pool.map(see, [path] * count)), runs)
    finally:
        eyes.close()


def _videos(paths: Sequence[Path]) -> Iterator[Path]:
    files = [
        file
        for path in paths
        for file in ([path] if path.is_file() else sorted(path.rglob("*")))
        if file.suffix.lower() in ENDINGS
    ]
    if not files:
        raise ValueError("no video was given")
    yield from files


# Encoding -----------------------------------------------------------------------------


def encode(given: argparse.Namespace) -> Iterator[Figure]:
    torch: Any = importlib.import_module("torch")
    with tempfile.TemporaryDirectory() as folder:
        clip = _random_clip(Path(folder))
    cuda: Any = importlib.import_module("vidcut.encoders._clip_cuda")
    reference = np.stack(list(clip.images(_pictures(64))))
    pictures = _pictures(PICTURES)
    for batch in BATCHES:
        tower = cuda.CudaPictures(clip, torch.device("cuda"))
        tower._batches.most = batch  # noqa: SLF001
        found = np.stack(list(tower.images(pictures[:64])))
        cosine = float(np.min(np.sum(found * reference, axis=1)))
        seconds = _median_s(lambda tower=tower: list(tower.images(pictures)), given.runs)  # type: ignore[misc]  # mypy cannot tell
        how = f"batch {tower._batches.most}, {'bf16' if tower._fast else 'fp32'}"  # noqa: SLF001
        note = f"{how}, least cosine with the CPU {cosine:.5f}"
        yield Figure("pictures to vectors", len(pictures) / seconds, "pictures/s", 15_000, note)
    yield from _tower_alone(torch, clip, given.runs)


def _tower_alone(torch: Any, clip: Any, runs: int) -> Iterator[Figure]:
    visual = clip.parts()[0].visual.to("cuda", memory_format=torch.channels_last)
    batch = torch.rand(1024, 3, 224, 224, device="cuda").to(memory_format=torch.channels_last)
    for name in ("eager", "compiled"):
        begun = time.perf_counter()
        run = visual if name == "eager" else torch.compile(visual, mode="max-autotune")

        def encode_it(run: Any = run) -> None:
            with torch.inference_mode(), torch.autocast("cuda", dtype=torch.bfloat16):
                run(batch)
            torch.cuda.synchronize()

        encode_it()
        first_s = time.perf_counter() - begun
        rate = len(batch) / _median_s(encode_it, runs)
        note = f"batch 1024, the first took {first_s:.1f} s"
        yield Figure(f"the tower alone, {name}", rate, "pictures/s", note=note)


def _random_clip(folder: Path) -> Any:
    torch: Any = importlib.import_module("torch")
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    open_clip: Any = importlib.import_module("open_clip")
    torch.manual_seed(0)
    weights = folder / "random.safetensors"
    state = open_clip.create_model("ViT-B-32", pretrained=None).state_dict()
    importlib.import_module("safetensors.torch").save_file(state, weights)
    choice: Any = importlib.import_module("vidcut.encoders._clip_choice")
    own: Any = importlib.import_module("vidcut.encoders._clip")
    threads = stopwatch.cores()
    options = EncoderOptions(device="cpu", threads=threads, offline=True)
    return own.load(choice.parse(f"ViT-B-32={weights}"), weights, options)


def _pictures(count: int) -> list[Picture]:
    """Smooth noise: what they show costs an encoder nothing more or less."""
    chance = np.random.default_rng(1)
    coarse = chance.integers(0, 256, (count, 9, 16, 3), dtype=np.uint8)
    return [one.repeat(40, axis=0).repeat(40, axis=1) for one in coarse]


# Speech -------------------------------------------------------------------------------


def speech(given: argparse.Namespace) -> Iterator[Figure]:
    reader = plugins.load("readers", "pyav").create()
    text = plugins.load("encoders", "e5").create(EncoderOptions())
    asr = plugins.load("modalities", "asr")
    if asr.without_gpu():
        raise RuntimeError(asr.without_gpu())
    samples = np.concatenate(
        [
            block.samples
            for path in _videos(given.paths)
            if reader.probe(path).sound is not None
            for block in reader.sound(path)
        ]
    )
    ear = asr.create(ModalityOptions(device="cuda", threads=4, offline=True), text)
    film_s = len(samples) / RATE_HZ
    windows = list(_sound_windows(samples))
    seconds = _median_s(lambda: [ear.read(window) for window in windows], given.runs)
    yield Figure("speech as vidcut hears it", film_s / seconds, "x realtime", 200)
    whisper: Any = importlib.import_module("faster_whisper")
    batched = whisper.BatchedInferencePipeline(ear._model)  # noqa: SLF001

    def all_of_it() -> None:
        segments, _ = batched.transcribe(
            samples, batch_size=16, beam_size=1, without_timestamps=False, word_timestamps=True
        )
        list(segments)

    note = "with faster-whisper's own detection of voices; not what vidcut does"
    rate = film_s / _median_s(all_of_it, given.runs)
    yield Figure("speech, batched by 16", rate, "x realtime", note=note)


def _sound_windows(samples: Any) -> Iterator[SoundWindow]:
    step = WINDOW_S * RATE_HZ
    for at in range(0, len(samples), step):
        part = samples[at : at + step]
        start_us = at * SECOND_US // RATE_HZ
        span = Span(start_us, start_us + len(part) * SECOND_US // RATE_HZ)
        yield SoundWindow(span, part, last=True)


# Search -------------------------------------------------------------------------------


def search(given: argparse.Namespace) -> Iterator[Figure]:
    torch: Any = importlib.import_module("torch")
    rows = torch.empty(given.rows, DIM, dtype=torch.float16, device="cuda")
    for at in range(0, given.rows, SLICE_ROWS):
        part = torch.randn(len(rows[at : at + SLICE_ROWS]), DIM, device="cuda")
        rows[at : at + SLICE_ROWS] = torch.nn.functional.normalize(part, dim=1)
    query = torch.nn.functional.normalize(torch.randn(DIM, device="cuda"), dim=0)
    size = f"{given.rows:,} x {DIM}"

    def by_torch() -> Any:
        best = torch.topk(rows @ query.half(), COUNT)
        torch.cuda.synchronize()
        return best.indices

    seconds = _median_s(by_torch, 4 * given.runs)
    yield Figure(f"flat search by torch, {size}", 1e3 * seconds, "ms", 5)
    wanted = set(by_torch().tolist())
    yield from _by_faiss(rows, query.cpu().numpy(), wanted, given.runs)


def _by_faiss(rows: Any, query: Any, wanted: set[int], runs: int) -> Iterator[Figure]:
    faiss: Any = importlib.import_module("faiss")
    store: Any = plugins.load("stores", "faiss_gpu")
    if store.without_gpu():
        raise RuntimeError(store.without_gpu())
    config = faiss.GpuIndexFlatConfig()
    config.device, config.useFloat16 = 0, True
    resources = faiss.StandardGpuResources()
    index = faiss.GpuIndexFlatIP(resources, DIM, config)
    begun = time.perf_counter()
    for at in range(0, len(rows), SLICE_ROWS):
        index.add(rows[at : at + SLICE_ROWS].float().cpu().numpy())
    note = f"copied in {time.perf_counter() - begun:.1f} s"
    seconds = _median_s(lambda: index.search(query[np.newaxis], COUNT), 4 * runs)
    size = f"{len(rows):,} x {DIM}"
    yield Figure(f"flat search by FAISS, {size}", 1e3 * seconds, "ms", 5, note)
    found = set(index.search(query[np.newaxis], COUNT)[1][0].tolist())
    yield Figure(f"of torch's {COUNT}, by FAISS", len(found & wanted) / COUNT, "", 0.99)


# All of it ----------------------------------------------------------------------------


def index(given: argparse.Namespace) -> Iterator[Figure]:
    paths = [str(path) for path in given.paths]
    if not paths:
        raise ValueError("no video was given")
    for device in ("cuda", "cpu"):
        rates = []
        for _ in range(given.runs):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "vidcut", "index", *paths, "--library", folder]
                command += ["--device", device, "--offline", "--profile", "--json"]
                done = subprocess.run(command, check=False, capture_output=True, text=True)
                if done.returncode not in (0, PARTLY):
                    raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
                rates.append(json.loads(done.stdout)["x_realtime"])
        aim = 100.0 if device == "cuda" else None
        rate = statistics.median(rates)
        yield Figure(f"index, all modalities, --device {device}", rate, "x realtime", aim)


ROWS: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "decode": decode,
    "encode": encode,
    "speech": speech,
    "search": search,
    "index": index,
}

if __name__ == "__main__":
    sys.exit(main())
