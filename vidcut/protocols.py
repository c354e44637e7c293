"""The verbs: what a plug-in of each family does, as the pipeline needs it.

Every plug-in module has one function ``create`` that makes its object. Creating is cheap:
models are loaded at the first call that needs them, so that a query pays for no picture
model. Encoders and modalities also have ``weights() -> Sequence[Weights]``: the models of
their own. Every plug-in translates its libraries' exceptions into those of `vidcut.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.records import (
        Cue,
        Edit,
        Glance,
        Harvest,
        Media,
        Picture,
        PictureWindow,
        Sample,
        Seen,
        SoundBlock,
        SoundWindow,
        Space,
        Span,
        SubtitleTrack,
        Vector,
    )


class Pace(StrEnum):
    """How closely an index run looks at pictures."""

    EVERY = "every"
    """At each frame for shots, and about once a second for what it shows."""
    QUICK = "quick"
    """At key frames, and between them where they are more than two seconds apart: see
    `vidcut.readers._thinning`."""


class Frame(Protocol):
    """One decoded picture of a video."""

    @property
    def time_us(self) -> int:
        """When a player shows it."""

    def picture(self, longest_px: int) -> Picture:
        """The upright picture, RGB ``uint8 (h, w, 3)``, its longer side at most this."""


class Witness(Protocol):
    """Is told how a reader gets on with a file."""

    def read(self, time_us: int | None) -> None:
        """Some more of the file was read, and where: a reader that goes on tells so often."""

    def lost(self, span: Span) -> None:
        """What should be shown or heard then does not decode."""


class Prober(Protocol):
    """Says what files hold."""

    def probe(self, path: Path) -> Media:
        """What the file holds; raises where it holds neither pictures nor sound.

        Raises:
            MediaError: it is no media file, or cannot be read.
        """


class Reader(Prober, Protocol):
    """Opens media files. Never follows a file's words to any other file or address.

    ``readers/NAME.py`` has ``create(*, threads, witness, pace) -> Reader``: how many threads a
    file's decoder may have, 0 for as many as there are cores, and how many frames are wanted: a
    quick reader may leave out some. Every method raises `MediaError`.
    It runs in a process of its own, for a decoder may crash or hang.
    """

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[Frame]:
        """Every frame shown at or after ``start_us``, in order of time, each time once.

        Stretches that do not decode are passed over; raises when nothing decodes.
        """

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Mono sound at 16 kHz from ``start_us`` on, in blocks of a few seconds or less.

        Gaps in the file are filled with silence: the blocks touch.
        """

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """The cues of an embedded text subtitle stream, in order of time."""


class Onlooker(Prober, Protocol):
    """Looks through a part of a video."""

    def glances(
        self, path: Path, span: Span, *, every_us: int, longest_px: int
    ) -> Iterator[Glance]:
        """What a span shows: as each shot begins, and then so often; all raise `MediaError`.

        ``longest_px`` is the longer side of the pictures.
        """


class Viewer(Prober, Protocol):
    """Looks at media files with a reader, as the pipeline needs it. All raise `MediaError`."""

    def parts(
        self, path: Path, *, start_us: int, longest_px: int
    ) -> Iterator[Sample | PictureWindow]:
        """The samples of a video from ``start_us`` on, a multiple of a window's length.

        Behind those of each window comes the window without them. ``longest_px`` is the longer
        side of the samples' pictures.
        """

    def picture(self, path: Path, time_us: int, *, longest_px: int) -> Picture:
        """What is shown at a time, or next after it; raises where nothing is."""

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """See `Reader.sound`."""

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """See `Reader.cues`."""


class Encoder(Protocol):
    """Takes text, as a query, into a vector space."""

    @property
    def space(self) -> Space:
        """The space; knowing it loads no model."""

    def query(self, text: str) -> Vector:
        """``float32 (dim,)`` of unit length; imports no torch where that can be helped."""

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """How sure cosines with a query make one, 0…1, monotone, same shape."""

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Likewise cosines between two vectors of the space that are no queries'."""


class TextEncoder(Encoder, Protocol):
    """``encoders/NAME.py`` has ``create(options) -> TextEncoder``."""

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``float32 (n, dim)``, rows of unit length."""


class ImageEncoder(Encoder, Protocol):
    """``encoders/NAME.py`` has ``create(options) -> ImageEncoder``."""

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """One for each picture, whatever their sizes."""


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """``model``: which of the encoder's models, None for its default."""

    model: str | None = None
    device: str = "auto"
    """``auto``, ``cpu`` or ``cuda``."""
    threads: int = 1
    offline: bool = False
    """Never reach for the network, not even for weights."""


class Feed(StrEnum):
    """What a modality is fed with."""

    PICTURE = "picture"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class ModalityOptions:
    """The user's wishes that shape chunks."""

    language: str | None = None
    """ISO 639-1, None to find out."""
    quality: str = "balanced"
    """``fast``, ``balanced`` or ``best``."""
    device: str = "auto"
    threads: int = 1
    offline: bool = False
    at_once: int = 1
    """How many may ask a transcriber at the same time."""


class Modality(Protocol):
    """What every modality says of itself."""

    @property
    def name(self) -> str:
        """The file's name: ``frame``, ``asr``, ``ocr``."""

    @property
    def recipe(self) -> str:
        """Names all that shapes its chunks: model, version, settings.

        Where it differs from the recipe that a video was indexed with, the video's chunks
        of this modality are made anew.
        """

    @property
    def space(self) -> Space:
        """The space of its vectors."""


class PictureModality(Modality, Protocol):
    """``modalities/NAME.py``: ``FEED = Feed.PICTURE``, ``create(options, encoder)``."""

    def read(self, window: PictureWindow) -> Harvest:
        """Keeps nothing between windows: each minute can be made again alone.

        Best begins with the samples, which come while the window is decoded, and asks for all else
        behind the last of them.
        """


class SoundModality(Modality, Protocol):
    """``modalities/NAME.py``: ``FEED = Feed.SOUND``, ``create(options, encoder)``."""

    def read(self, window: SoundWindow) -> Harvest:
        """May stop before the window's end, at a silence; what is left comes again.

        Always gets on by at least half of the window, and to its end where it is the last.
        Keeps nothing between windows.
        """


class Transcriber(SoundModality, Protocol):
    """The sound modality that can take someone's subtitles instead of listening.

    As many may ask it at the same time as its options say: one model serves them all.
    """

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        """Chunks of subtitles; done to the end of the last one."""


class Subtitles(Protocol):
    """Subtitle files beside media files, as they are in one index run.

    The module of the `Transcriber` has ``subtitles() -> Subtitles``.
    """

    def sidecar(self, path: Path) -> Path | None:
        """The subtitle file that belongs to a media file, where there is one."""

    def read_sidecar(self, path: Path) -> Sequence[Cue]:
        """Its cues in order of time, plain text.

        Raises:
            MediaError: it cannot be read as subtitles.
        """


class VectorStore(Protocol):
    """Finds the nearest vectors.

    ``stores/NAME.py`` has ``create(dim)``, ``load(path, dim, of)``, and ``read(path, dim, of)``,
    which gives all ids ``(n,)`` and vectors ``(n, dim)`` of a file; where its files are another
    store's, ``KIND`` is that one's name.

    A store is a cache of the catalog: `read` raises `LibraryError` on whatever is not exactly
    what `save` wrote, with the same words of what it is of; and so does `load`, or `search`
    where it first looks at what is wrong. `load` itself tells a file that is of anything else.
    """

    def __len__(self) -> int: ...

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Ids ``(n,)``, each new; vectors ``(n, dim)``, rows of unit length."""

    def search(
        self, vector: Vector, count: int, *, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and cosines, best first, ties by smaller id; ``among`` limits the ids.

        Both ``(m,)`` with ``m <= count``. Of very many vectors they are nearly always the
        nearest (of the first ten 0.99), where ``among`` limits them always.
        """

    def save(self, path: Path, of: str) -> None:
        """Write the file ``path``, of just this; making it atomic is the caller's."""


class Exporter(Protocol):
    """Writes an edit for another program.

    ``exporters/NAME.py`` has ``SUFFIXES``, the endings of its files, best first, and
    ``create() -> Exporter``.
    """

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Write the file (or folder) ``path``; making it atomic is the caller's.

        ``relative``: name the media as seen from the file's own folder.

        Raises:
            UsageError: the format cannot hold such an edit.
        """
