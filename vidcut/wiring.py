"""Settings to live objects: the only place that chooses."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcut import devices, library, plugins
from vidcut.errors import LibraryNotFoundError, MediaError, MissingError, UsageError
from vidcut.footage import LIBRARY_FOLDER
from vidcut.protocols import EncoderOptions, Feed, ModalityOptions, Pace

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import ModuleType

    from vidcut import workers
    from vidcut.indexing import Tools
    from vidcut.library import Holdings
    from vidcut.protocols import Encoder, PictureModality, SoundModality
    from vidcut.records import Picture
    from vidcut.settings import Settings
    from vidcut.turns import Together

FRAME, SPEECH = "frame", "asr"
OFFLINE_VISUAL_MODEL = "labels"
_CPU_READER = "pyav"
_OPEN_CLIP = "open_clip"
_HUB_PREFIX = "hf-hub:"
SAMPLE_PX = {"fast": 480, "balanced": 640, "best": 960}
"""What text on screen is looked for at (rapidocr's detector, measured per size)."""
_CORES_A_JOB, _MOST_JOBS, _LEAST_HEARERS = 4, 4, 2
"""A job keeps two to four cores at work (two at pictures, one at sound, and its decoders), and
takes some 500 MiB more than the 1,400 of one: ten real videos of 200 s, offline models, no more
processor's time by two jobs than by one (benchmarks/memory.py). One film of 25 s, from the start of
the program to its end, has work for 79 % of two cores (benchmarks/index.py)."""
_log = logging.getLogger(__name__)


def folder(named: str | os.PathLike[str] | None) -> Path:
    """The ``.vidcut`` folder that is meant, whether or not it is there yet."""
    if named is not None:
        path = Path(named)
        return path if path.name == LIBRARY_FOLDER else path / LIBRARY_FOLDER
    try:
        return library.locate(Path.cwd())
    except LibraryNotFoundError:
        return Path.cwd() / LIBRARY_FOLDER


def store(chosen: Settings) -> ModuleType:
    """The plug-in that finds vectors."""
    name = chosen.store
    if name == "auto":
        name = "faiss" if importlib.util.find_spec("faiss") else "flat"
    if name == "faiss" and chosen.device != "cpu" and devices.cuda():
        name = "faiss_gpu"  # the same, by the CPU too where FAISS was built without a GPU
    return plugins.load("stores", name)


def reader(
    name: str, *, threads: int = 0, pace: Pace = Pace.EVERY, device: str = "cpu"
) -> workers.Workers:
    """The reader of this name, which works in processes of its own.

    Args:
        name: ``auto`` is the GPU's where one is to be used, else the CPU's.
        threads: of each file's decoder, 0 for as many as there are cores.
        pace: which frames it is asked for.
        device: ``auto``: the CPU serves where there is no GPU, or it cannot be used. A GPU costs
            each process half a second: what looks at a picture or two leaves it at ``cpu``.

    Raises:
        UsageError: there is no such reader.
    """
    from vidcut import workers  # noqa: PLC0415  (a search reads no media)

    command = partial(workers.command, threads=threads, pace=pace)
    instead = None
    if name == "auto":
        name = _CPU_READER
        if device == "cuda" or (device == "auto" and devices.cuda()):
            name = workers.GPU_READER
            instead = command(_CPU_READER) if device == "auto" else None
    plugins.demand("readers", name)
    return workers.Workers(command(name), instead=instead)


def picture(path: Path) -> Picture:
    """A picture file, upright.

    Raises:
        UsageError: it cannot be read as a picture.
    """
    read: Picture = importlib.import_module("vidcut.pictures").read(path.expanduser())
    return read


def picture_at(path: Path, time_us: int, chosen: Settings) -> Picture:
    """What a video that no library knows shows at a time.

    Raises:
        UsageError: it cannot be read, or shows nothing then.
    """
    eyes = reader(chosen.reader)
    try:
        duration_us = eyes.probe(path).duration_us
        if 0 <= time_us < duration_us:
            return eyes.picture(path, time_us, longest_px=SAMPLE_PX["best"])
    except MediaError as error:
        raise UsageError(str(error)) from error
    fact = f"{path} lasts {duration_us / 1e6:.3f} s and shows nothing at {time_us / 1e6:.3f} s"
    raise UsageError(f"{fact}; give an earlier time")


def encoder(name: str, chosen: Settings) -> Encoder:
    """The encoder of a name, or of ``NAME:MODEL``."""
    plugin, _, model = name.partition(":")
    options = EncoderOptions(model or None, chosen.device, chosen.threads_each, chosen.offline)
    made: Encoder = plugins.load("encoders", plugin).create(options)
    return made


def kept_encoder(name: str, chosen: Settings) -> Encoder:
    """As `encoder`, for the one that a library was made with.

    Raises:
        MissingError: it is not here any more.
    """
    try:
        return encoder(name, chosen)
    except UsageError as error:  # say, its checkpoint was moved away
        raise MissingError(str(error)) from error


class Encoders:
    """The encoders that searches ask, each made when it is first needed; for any thread."""

    def __init__(self, chosen: Settings) -> None:
        self._chosen = chosen
        self._made: dict[str, Encoder] = {}
        self._making = threading.Lock()

    def of(self, name: str) -> Encoder:
        """As `kept_encoder`, once for each name."""
        with self._making:
            if name not in self._made:
                self._made[name] = kept_encoder(name, self._chosen)
            return self._made[name]


def modality_options(chosen: Settings) -> ModalityOptions:
    """What of the settings shapes chunks."""
    return ModalityOptions(
        chosen.language or None,
        chosen.quality,
        chosen.device,
        chosen.threads_each,
        chosen.offline,
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """How an index run shares out the cores."""

    jobs: int
    """Files that are seen at the same time."""
    hearers: int
    """Files that are heard at the same time."""
    threads: int
    """Of each library at work."""
    decoder_threads: int


def shares(chosen: Settings, cores: int) -> Shares:
    """What was asked for, else full cores with no more at work than there are.

    A second file is heard beside the first: where there is more to hear than to see, and at a
    run's end, a core would have nothing to do. It takes its sound and no model of its own.
    """
    jobs = chosen.jobs or max(1, min(cores // _CORES_A_JOB, _MOST_JOBS))
    hearers = chosen.jobs or max(jobs, min(cores, _LEAST_HEARERS))
    threads = chosen.threads or max(1, cores // (2 * jobs))
    return Shares(jobs, hearers, threads, max(1, cores // jobs))


def tools(chosen: Settings, visual_model: str) -> Tools:
    """What an index run works with."""
    from vidcut import stopwatch  # noqa: PLC0415  (only an index run needs them)
    from vidcut.indexing import Tools  # noqa: PLC0415
    from vidcut.turns import PictureTurns, SoundTurns, TranscriberTurns  # noqa: PLC0415

    share = shares(chosen, stopwatch.cores())
    chosen = replace(chosen, threads=share.threads)
    options = modality_options(chosen)
    text = encoder("e5", chosen)
    pictures: list[PictureModality] = []
    sounds: list[SoundModality] = []
    for name in plugins.names("modalities"):
        if name == SPEECH:
            continue
        plugin = plugins.load("modalities", name)
        # One image encoder fills its threads, and two would take twice the memory.
        its_encoder = _image_encoder(visual_model, chosen) if name == FRAME else text
        make = partial(plugin.create, options, its_encoder)
        if plugin.FEED is Feed.PICTURE:
            pictures.append(PictureTurns(make, share.jobs))
        else:
            sounds.append(SoundTurns(make, share.hearers))
    speech = plugins.load("modalities", SPEECH)
    hearing = partial(speech.create, replace(options, at_once=share.hearers), text)
    pace = Pace.QUICK if chosen.quality == "fast" else Pace.EVERY
    eyes = reader(chosen.reader, threads=share.decoder_threads, pace=pace, device=chosen.device)
    return Tools(
        reader=eyes,
        jobs=share.jobs,
        hearers=share.hearers,
        prepare=eyes.start,
        release=eyes.close,
        subtitles=speech.subtitles(),
        pictures=pictures,
        sounds=sounds,
        transcriber=None if chosen.asr == "never" else TranscriberTurns(hearing, share.hearers),
        use_subtitles=chosen.asr == "auto",
        sample_px=SAMPLE_PX[chosen.quality],
    )


def _image_encoder(name: str, chosen: Settings) -> Together:
    from vidcut.turns import Together  # noqa: PLC0415  (only an index run needs it)

    made: Any = encoder(name, chosen)
    return Together(made)


def visual_model(chosen: Settings, kept: str | None) -> str:
    """What is to read pictures: as asked, else as the library was begun, else what there is.

    Raises:
        MissingError: a model that was asked for by name cannot be had.
    """
    asked = chosen.visual_model
    if asked == OFFLINE_VISUAL_MODEL:
        return asked
    if asked != "auto":
        return _by_name(asked, chosen)
    if kept:
        return kept
    open_clip = plugins.load("encoders", _OPEN_CLIP)
    if open_clip.cached(None) or (not chosen.offline and _fetched(open_clip)):
        return f"{_OPEN_CLIP}:{open_clip.DEFAULT_MODEL}"
    return OFFLINE_VISUAL_MODEL


def _by_name(model: str, chosen: Settings) -> str:
    """A name of the hub's stands for what it holds today; all others say it themselves."""
    if model.startswith(_HUB_PREFIX):
        open_clip = plugins.load("encoders", _OPEN_CLIP)
        model = open_clip.settled(model, offline=chosen.offline)
    return f"{_OPEN_CLIP}:{model}"


def _fetched(open_clip: ModuleType) -> bool:
    """Whether the default model could be fetched; nobody asked for it, so labels will do."""
    _log.warning("fetching the frame model; --visual-model labels or --offline does without it")
    try:
        open_clip.fetch(None)
    except MissingError as error:
        _log.warning("the offline model (labels) reads the pictures: %s", error)
        return False
    return True


@contextmanager
def model_kept(holdings: Holdings, model: str) -> Iterator[None]:
    """Keep what reads the pictures before the first of them, and not where it read none.

    A model that turns out not to be here must not be what queries are encoded with.
    """
    catalog = holdings.catalog
    kept, space = catalog.setting("visual_model"), catalog.modality_space(FRAME)
    catalog.keep_setting("visual_model", model)
    try:
        yield
    finally:
        if catalog.modality_space(FRAME) == space:
            catalog.keep_setting("visual_model", kept or "")
