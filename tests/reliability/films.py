"""Films that are small JSON files, and plug-ins that read them: no model, no codec, no chance.

What they see, hear and read follows from the film alone, and tells which film and which time
it comes from: a chunk that is lost, doubled or in the wrong place shows. All else of an index
run is vidcut's own: pipeline, register, catalog, library and store.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut import library, pipeline, query, running, wiring
from vidcut.errors import MediaError
from vidcut.footage import Selection
from vidcut.indexing import Tools
from vidcut.records import (
    SECOND_US,
    Cue,
    Draft,
    Harvest,
    Media,
    PictureTrack,
    SoundBlock,
    SoundTrack,
    Space,
    Span,
    SubtitleTrack,
)
from vidcut.settings import Settings
from vidcut.viewing import Here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.library import Holdings
    from vidcut.records import Picture, PictureWindow, SoundWindow, Vector
    from vidcut.register import Progress, Tally

DIM = 16
SPACE = Space("stub", DIM, "1")
STEP_US = 5 * SECOND_US
"""A film shows a picture every five seconds."""
SENTENCE_US = 9_250_000
QUERIES = ("tint 3", "voice 7 sentence 4", "sign 2", "subtitle 1 here")


def write(path: Path, seconds: int, *, tint: int, **facts: Any) -> Path:
    """A film of this length; ``tint``, 1…9, is how it is told from others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"seconds": seconds, "tint": tint, **facts}), "utf-8")
    return path


@dataclass(frozen=True)
class Frame:
    """A picture of one colour: its red is its film's, its green its shot's."""

    time_us: int
    colour: tuple[int, int, int]

    def picture(self, longest_px: int) -> Picture:
        del longest_px
        return np.full((2, 2, 3), self.colour, dtype=np.uint8)


class Reader:
    """Reads films."""

    def probe(self, path: Path) -> Media:
        film = _film(path)
        picture = PictureTrack("stub", 2, 2, None) if film.get("pictures", True) else None
        sound = SoundTrack("stub", 16_000, 1) if film.get("sound", True) else None
        return Media("stub", film["seconds"] * SECOND_US, picture, sound)

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[Frame]:
        film = _film(path)
        for time_us in range(0, film["seconds"] * SECOND_US, STEP_US):
            if time_us >= start_us:
                shot = time_us // (6 * STEP_US)
                yield Frame(time_us, (25 * film["tint"], shot % 2 * 200 + shot, 0))

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        film = _film(path)
        end_us = film["seconds"] * SECOND_US
        while start_us < end_us:
            stop_us = min(start_us + 5 * SECOND_US, end_us)
            count = (stop_us - start_us) * 16_000 // SECOND_US
            yield SoundBlock(start_us, np.full(count, film["tint"] / 16, dtype=np.float32))
            start_us = stop_us

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        raise MediaError(f"{path.name} has no subtitles in stream {track.index}")


class Encoder:
    """A text's vector is the sum of its words', and a word's is drawn from its hash."""

    space = SPACE

    def query(self, text: str) -> Vector:
        return vector(text)

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(cosines, 0.0, 1.0)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(cosines, 0.0, 1.0)


@dataclass
class Sight:
    """A chunk for each sample; with a text too where it is to ``write``."""

    name: str
    write: bool
    told: Callable[[str], None]
    space: Space = SPACE

    @property
    def recipe(self) -> str:
        return f"{self.name} 1"

    def read(self, window: PictureWindow) -> Harvest:
        drafts = []
        for sample in window.samples:
            tint, shot = int(sample.picture[0, 0, 0]) // 25, int(sample.picture[0, 0, 1]) % 200
            place = f"tint {tint} shot {shot} second {sample.time_us // SECOND_US}"
            text = f"sign {tint} {place}" if self.write else None
            drafts.append(Draft(sample.span, text, vector(f"{self.name} {place}")))
        self.told(self.name)
        return Harvest(drafts, window.span.end)


@dataclass
class Hearing:
    """A sentence each 9.25 s; one begun at a window's end is left for the next."""

    told: Callable[[str], None]
    name: str = "asr"
    recipe: str = "hearing 1"
    space: Space = SPACE

    def read(self, window: SoundWindow) -> Harvest:
        begun, drafts = window.span.start, []
        while begun < window.span.end:
            end = (begun // SENTENCE_US + 1) * SENTENCE_US
            if end > window.span.end and not window.last:
                break
            span = Span(begun, min(end, window.span.end))
            tint = round(float(window.samples[0]) * 16)
            text = f"voice {tint} sentence {begun // SENTENCE_US}"
            drafts.append(Draft(span, text, vector(text)))
            begun = span.end
        self.told(self.name)
        return Harvest(drafts, begun)

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        self.told("subtitles")
        drafts = [Draft(cue.span, cue.text, vector(cue.text)) for cue in cues]
        return Harvest(drafts, cues[-1].span.end)


class Subtitles:
    """Text files beside films; each line is a cue of a second."""

    def sidecar(self, path: Path) -> Path | None:
        beside = path.with_suffix(".srt")
        return beside if beside.exists() else None

    def read_sidecar(self, path: Path) -> Sequence[Cue]:
        lines = enumerate(path.read_text("utf-8").splitlines())
        return [Cue(Span(n * SECOND_US, (n + 1) * SECOND_US), line) for n, line in lines]


def vector(text: str) -> Vector:
    """``float32 (DIM,)`` of unit length."""
    total = np.zeros(DIM, dtype=np.float32)
    for place, word in enumerate(text.split()):
        drawn = hashlib.blake2b(word.encode(), digest_size=DIM).digest()
        total += (np.frombuffer(drawn, dtype=np.uint8).astype(np.float32) - 127.5) / (1 + place)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _film(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MediaError(f"{path.name}: is no film") from error


# What is done with them ---------------------------------------------------------------


def tools(told: Callable[[str], None] = lambda _: None) -> Tools:
    """What reads films; ``told`` hears of each window that was read."""
    return Tools(
        reader=Here(Reader()),
        subtitles=Subtitles(),
        pictures=(Sight("frame", write=False, told=told), Sight("ocr", write=True, told=told)),
        sounds=(),
        transcriber=Hearing(told),
        use_subtitles=True,
        sample_px=64,
    )


def index(
    folder: Path,
    *,
    told: Callable[[str], None] = lambda _: None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Tally:
    """Bring the folder's library up to date; ``told`` hears of each window that was read."""
    watch = running.Watch(lambda _: None, progress)
    store = wiring.store(Settings())
    with library.open_to_write(folder / ".vidcut", store, create=True) as holdings:
        return pipeline.index(holdings, [folder], tools(told), selection=Selection(), watch=watch)


def warm_up() -> None:
    """Have all that an index run and a search import or load, and leave no thread behind."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write(folder / "one.mp4", 10, tint=1)
        index(folder)
        known(folder)
        answers(folder)


@contextmanager
def reading(folder: Path) -> Iterator[Holdings]:
    """The folder's library, open to read."""
    holdings = library.open_(folder / ".vidcut", wiring.store(Settings()))
    try:
        yield holdings
    finally:
        holdings.close()


def known(folder: Path) -> dict[str, Any]:
    """All that the library holds, by path, without ids and in order."""
    with reading(folder) as holdings:
        catalog = holdings.catalog
        vectors: dict[int, str] = {}
        for modality in catalog.counts():
            ids, blob = catalog.vectors_after(modality, SPACE, 0)
            rows = (blob[2 * DIM * at :][: 2 * DIM] for at in range(len(ids)))
            vectors |= {chunk_id: row.hex() for chunk_id, row in zip(ids, rows, strict=True)}
        found = {}
        for video in catalog.videos():
            found[video.path] = {
                "state": [video.state, video.failure, video.duration_us, video.size],
                "content": catalog.content(video.id).hex(),
                "cuts": catalog.cuts(video.id),
                "progress": sorted(
                    [name, *how] for name, how in catalog.progress(video.id).items()
                ),
                "chunks": sorted(
                    [c.modality, c.span.start, c.span.end, c.text or "", vectors.get(c.id, "")]
                    for c in catalog.chunks_of(video.id)
                ),
            }
        return found


def texts_files(folder: Path) -> list[bool]:
    """Whether files of texts answer, and whether each that is there is right and of use."""
    with reading(folder) as holdings:
        texts = holdings.texts
        right = {one is not None and texts.is_right(one) for _, one in texts.present()}
        return [bool(texts._parts()), *sorted(right)]


def answers(folder: Path) -> list[list[Any]]:
    """What the queries find: query, video, span, score, and the chunks that say so."""
    found = []
    with reading(folder) as holdings:
        for words in QUERIES:
            moments = pipeline.search(
                holdings,
                query.parse(words),
                pipeline.Wish(count=20, min_score=0.1),
                encoder_of=lambda _: Encoder(),
                pictures={},
            )
            for moment in moments:
                evidence = sorted(
                    [hit.chunk.modality, hit.chunk.span.start, hit.chunk.span.end, hit.chunk.text]
                    for hit in moment.evidence
                )
                span, score = moment.span, round(moment.score, 4)
                found.append([words, moment.video.path, span.start, span.end, score, evidence])
    return sorted(found, key=repr)
