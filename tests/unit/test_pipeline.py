"""The whole of an index run on made-up media: a film is a small JSON file."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections import defaultdict
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import (
    database,
    durable,
    lanes,
    library,
    moments,
    pipeline,
    plugins,
    query,
    running,
    schema,
)
from vidcut.asking import Example
from vidcut.catalog import Catalog
from vidcut.errors import LibraryError, MediaError, MissingError, SpaceMismatchError
from vidcut.footage import Selection
from vidcut.indexing import Tools
from vidcut.records import (
    SECOND_US,
    Cue,
    Draft,
    Failure,
    Harvest,
    Media,
    PictureTrack,
    SoundBlock,
    SoundTrack,
    Space,
    Span,
    SubtitleTrack,
)
from vidcut.viewing import Here, Losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.library import Holdings
    from vidcut.records import Moment, Picture, PictureWindow, Sample, SoundWindow, Vector
    from vidcut.register import Tally

FRAMES_A_SECOND = 2
SENTENCE_US = 7_250_000
SPACE = Space("fake", 4, "1")
FLAT = plugins.load("stores", "flat")


# Fakes --------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeFrame:
    time_us: int
    shade: int

    def picture(self, longest_px: int) -> Picture:
        assert longest_px > 0
        return np.full((2, 2, 3), self.shade, dtype=np.uint8)


@dataclass
class FakeReader:
    """``read`` holds the files' names, once for each time that one was decoded."""

    read: list[str] = field(default_factory=list)
    witness: Losses = field(default_factory=Losses)

    def probe(self, path: Path) -> Media:
        film = self._film(path)
        picture = PictureTrack("fake", 2, 2, None) if film.get("shots") else None
        sound = SoundTrack("fake", 16_000, 1) if film.get("sound", True) else None
        tracks = (SubtitleTrack(2, "fake", None),) if film.get("cues") else ()
        return Media("fake", film["seconds"] * SECOND_US, picture, sound, tracks)

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[FakeFrame]:
        film = self._film(path)
        self.read.append(path.name)
        for hole in film.get("pictures_lost", ()):  # in seconds
            self.witness.lost(Span(hole[0] * SECOND_US, hole[1] * SECOND_US))
        for number in range(film["seconds"] * FRAMES_A_SECOND):
            time_us = number * SECOND_US // FRAMES_A_SECOND
            if time_us < start_us:
                continue
            if time_us >= film.get("pictures_break_at", 10**9) * SECOND_US:
                raise MediaError("its pictures are damaged")
            shot = sum(start * SECOND_US <= time_us for start in film["shots"])
            yield FakeFrame(time_us, shot * 50 % 256)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Each sample is its own time, in thousands of seconds."""
        film = self._film(path)
        self.read.append(path.name)
        end_us = film["seconds"] * SECOND_US
        for hole in film.get("sound_lost", ()):
            self.witness.lost(Span(hole[0] * SECOND_US, hole[1] * SECOND_US))
        while start_us < end_us:
            stop_us = min(start_us + SECOND_US, end_us)
            if stop_us > film.get("sound_breaks_at", 10**9) * SECOND_US:
                raise MediaError("its sound is damaged")
            count = (stop_us - start_us) * 16_000 // SECOND_US
            samples = np.linspace(start_us / 1e9, stop_us / 1e9, count, endpoint=False)
            if start_us // SECOND_US in film.get("sound_holes", ()):
                self.witness.lost(Span(start_us, stop_us))
            yield SoundBlock(start_us, samples.astype(np.float32))
            start_us = stop_us

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        assert track.index == 2
        return [Cue(Span(s, s + SECOND_US), text) for s, text in self._film(path)["cues"]]

    @staticmethod
    def _film(path: Path) -> Any:
        try:
            return json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise MediaError(f"{path.name}: is no film") from error


class Apart(Here):
    """Each reading has a witness of its own, as it has in a process of its own."""

    def __init__(self, reader: FakeReader) -> None:
        super().__init__(reader)
        self._fake = reader

    def parts(
        self, path: Path, *, start_us: int, longest_px: int
    ) -> Iterator[Sample | PictureWindow]:
        return self._one().parts(path, start_us=start_us, longest_px=longest_px)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        return self._one().sound(path, start_us=start_us)

    def _one(self) -> Here:
        losses = Losses()
        reader = copy(self._fake)
        reader.witness = losses
        return Here(reader, losses)


class FakeEncoder:
    space = SPACE

    def query(self, text: str) -> Vector:
        return vector_of(len(text))

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.query(text) for text in texts])

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(cosines, 0.0, 1.0)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(cosines, 0.0, 1.0)


@dataclass
class Fate:
    """Raises ``error`` at the nth call, and for good from then on where ``lasting``."""

    at: int = 0
    error: BaseException | None = None
    lasting: bool = True
    calls: int = 0

    def tempt(self) -> None:
        self.calls += 1
        if self.error is not None and (
            self.calls == self.at or (self.lasting and self.calls > self.at > 0)
        ):
            raise self.error


@dataclass
class FakeSight:
    """A chunk for each sample: how bright it is; as text too where it is to ``write``."""

    name: str = "frame"
    recipe: str = "sight 1"
    write: bool = False
    fate: Fate = field(default_factory=Fate)
    space: Space = SPACE

    def read(self, window: PictureWindow) -> Harvest:
        self.fate.tempt()
        drafts = []
        for sample in window.samples:
            shade = int(sample.picture[0, 0, 0])
            text = f"shade {shade}" if self.write else None
            drafts.append(Draft(sample.span, text, vector_of(shade)))
        return Harvest(drafts, window.span.end)


@dataclass
class FakeHearing:
    """A sentence each 7.25 s; what is begun at a window's end is left for the next."""

    name: str = "asr"
    recipe: str = "hearing 1"
    fate: Fate = field(default_factory=Fate)
    space: Space = SPACE

    def read(self, window: SoundWindow) -> Harvest:
        self.fate.tempt()
        begun = window.span.start
        assert window.samples[0] == pytest.approx(begun / 1e9, abs=1e-6)
        assert len(window.samples) * SECOND_US == window.span.duration * 16_000
        drafts = []
        while begun < window.span.end:
            end = (begun // SENTENCE_US + 1) * SENTENCE_US
            if end > window.span.end and not window.last:
                break
            span = Span(begun, min(end, window.span.end))
            text = f"sentence at {begun} in {window.span}"
            drafts.append(Draft(span, text, vector_of(begun // SECOND_US)))
            begun = span.end
        return Harvest(drafts, begun)

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        self.fate.tempt()
        drafts = [Draft(cue.span, cue.text, vector_of(len(cue.text))) for cue in cues]
        return Harvest(drafts, cues[-1].span.end)


class FakeSubtitles:
    """Text files beside films; each line is a cue of a second."""

    def sidecar(self, path: Path) -> Path | None:
        beside = path.with_suffix(".srt")
        return beside if beside.exists() else None

    def read_sidecar(self, path: Path) -> Sequence[Cue]:
        lines = path.read_text("utf-8").splitlines()
        if not lines:
            raise MediaError(f"{path.name}: is empty")
        starts = [number * SECOND_US for number in range(len(lines))]
        return [Cue(Span(s, s + SECOND_US), line) for s, line in zip(starts, lines, strict=True)]


def vector_of(number: int) -> Vector:
    row = np.cos(np.arange(1, 5) * (number + 1)).astype(np.float32)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


class Studio:
    """A folder of films, the tools to index it, and a look at what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.reader = FakeReader()
        self.frame = FakeSight()
        self.ocr = FakeSight("ocr", "writing 1", write=True)
        self.asr = FakeHearing()
        self.failures: list[Failure] = []
        self.watched: Callable[[], None] = lambda: None

    def film(self, name: str, seconds: int = 150, **facts: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {"shots": [0, 20, 75, 119], **facts, "seconds": seconds}
        path.write_text(json.dumps(whole), "utf-8")
        return path

    def index(self, *paths: Path, speech: bool = True, retry: bool = False, jobs: int = 1) -> Tally:
        tools = Tools(
            reader=Apart(self.reader),
            subtitles=FakeSubtitles(),
            pictures=(self.frame, self.ocr),
            sounds=(),
            transcriber=self.asr if speech else None,
            use_subtitles=True,
            sample_px=64,
            jobs=jobs,
            hearers=jobs,
        )
        self.reader.read.clear()
        self.failures.clear()
        watch = running.Watch(self.failures.append, lambda _: self.watched())
        with self.writing() as holdings:
            return pipeline.index(
                holdings,
                paths or (self.folder,),
                tools,
                selection=Selection(),
                retry=retry,
                watch=watch,
            )

    @contextmanager
    def writing(self) -> Iterator[Holdings]:
        with library.open_to_write(self.folder / ".vidcut", FLAT, create=True) as holdings:
            yield holdings

    @contextmanager
    def reading(self) -> Iterator[Holdings]:
        holdings = library.open_(self.folder / ".vidcut", FLAT)
        try:
            yield holdings
        finally:
            holdings.close()

    def catalog(self) -> dict[str, Any]:
        """All that the library knows, without ids and in order."""
        with self.reading() as holdings:
            return {video.path: _all_of(holdings, video.id) for video in holdings.catalog.videos()}

    def state(self, name: str) -> tuple[str, str | None]:
        with self.reading() as holdings:
            video = holdings.catalog.video_at(name)
            assert video is not None
            return video.state, video.failure


def _all_of(holdings: Holdings, video_id: int) -> dict[str, Any]:
    catalog = holdings.catalog
    vectors: dict[int, bytes] = {}
    for modality in catalog.counts():
        ids, blob = catalog.vectors_after(modality, SPACE, 0)
        vectors |= {row: blob[i * 8 : i * 8 + 8] for i, row in enumerate(ids)}
    video = catalog.video(video_id)
    return {
        "state": (video.state, video.failure, video.duration_us),
        "cuts": catalog.cuts(video_id),
        "progress": catalog.progress(video_id),
        "chunks": sorted(
            (chunk.modality, chunk.span, chunk.text or "", vectors.get(chunk.id, b""))
            for chunk in catalog.chunks_of(video_id)
        ),
    }


@pytest.fixture(autouse=True)
def _lanes_hear_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_HEARTBEAT_S", 0.01)


@pytest.fixture(autouse=True)
def _nothing_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    made_durable = schema._made_durable

    def quick(connection: database.Connection) -> database.Connection:
        made_durable(connection).execute("PRAGMA synchronous = OFF")
        return connection

    monkeypatch.setattr(schema, "_made_durable", quick)
    monkeypatch.setattr(durable, "sync", lambda _: None)


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "films")


# What an index run makes ---------------------------------------------------------------


def test_everything_of_a_film_is_in_the_library(studio: Studio) -> None:
    studio.film("a.mp4")
    tally = studio.index()
    (made,) = studio.catalog().values()
    assert made["state"] == ("ok", None, 150 * SECOND_US)
    assert made["cuts"] == [20 * SECOND_US, 75 * SECOND_US, 119 * SECOND_US]
    frames = [span for modality, span, *_ in made["chunks"] if modality == "frame"]
    assert frames[0].start == 0
    assert frames[-1].end == 150 * SECOND_US
    assert all(a.end == b.start for a, b in pairwise(frames))
    sentences = [span for modality, span, *_ in made["chunks"] if modality == "asr"]
    assert [span.start for span in sentences] == list(range(0, 150 * SECOND_US, SENTENCE_US))
    assert tally.chunks == {"frame": len(frames), "ocr": len(frames), "asr": len(sentences)}
    assert (tally.videos, tally.duration_us, tally.failures) == (1, 150 * SECOND_US, [])


def test_progress_is_kept_window_by_window(studio: Studio) -> None:
    studio.film("a.mp4", sound=False)
    studio.watched = Fate(3, KeyboardInterrupt()).tempt  # a look at the file and two windows
    with pytest.raises(KeyboardInterrupt):
        studio.index()
    (made,) = studio.catalog().values()
    assert made["state"][0] == "partial"
    assert made["progress"]["frame"] == ("sight 1", 120 * SECOND_US, False)


@pytest.mark.parametrize("facts", [{"sound": False}, {"shots": []}])
def test_a_film_may_lack_sound_or_pictures(studio: Studio, facts: dict[str, Any]) -> None:
    studio.film("a.mp4", **facts)
    tally = studio.index()
    assert set(tally.chunks) == ({"asr"} if "shots" in facts else {"frame", "ocr"})
    assert studio.state("a.mp4") == ("ok", None)


def test_a_film_with_nothing_that_is_wanted_is_in_order(studio: Studio) -> None:
    studio.film("a.mp4", shots=[])
    assert studio.index(speech=False).failures == []
    assert studio.state("a.mp4") == ("ok", None)
    assert studio.index(speech=False).unchanged == 1


@pytest.mark.parametrize("jobs", [2, 3])
def test_files_at_the_same_time_come_out_as_one_by_one(
    tmp_path: Path, truth: dict[str, Any], jobs: int
) -> None:
    studio = Studio(tmp_path / "films")
    fill(studio)
    studio.index(jobs=jobs)
    assert studio.catalog() == truth


def test_so_many_files_are_heard_at_the_same_time(studio: Studio) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        studio.film(name, 20)
    meeting = threading.Barrier(3)
    studio.asr.fate = Meet(meeting)
    assert studio.index(jobs=3).failures == []


class Meet(Fate):
    """Nobody gets on until all are there."""

    def __init__(self, meeting: threading.Barrier) -> None:
        super().__init__()
        self.meeting = meeting

    def tempt(self) -> None:
        self.meeting.wait(5)


# Interruptions ------------------------------------------------------------------------


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an uninterrupted run makes."""
    studio = Studio(tmp_path_factory.mktemp("truth") / "films")
    fill(studio)
    studio.index()
    return studio.catalog()


def fill(studio: Studio) -> None:
    """Of each kind one: heard, with subtitles, and one whose sound is damaged."""
    studio.film("a.mp4", 130, shots=[0, 61, 75], pictures_lost=[(58, 63)], sound_lost=[(70, 76)])
    studio.film("b.mp4", 20, sound=False, cues=[[0, "one"], [5 * SECOND_US, "two"]])
    studio.film("c.mp4", 80, sound_breaks_at=78)


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_killed_at_any_transaction_nothing_is_lost_or_doubled(
    tmp_path: Path, truth: dict[str, Any], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    writing = Catalog.writing
    fate = Fate()

    @contextmanager
    def mortal(catalog: Catalog) -> Iterator[None]:
        with writing(catalog):
            yield
            if moment == "before the commit":
                fate.tempt()
        if moment == "after the commit":
            fate.tempt()

    monkeypatch.setattr(Catalog, "writing", mortal)
    for at in range(1, 100):
        studio = Studio(tmp_path / str(at))
        fill(studio)
        fate.at, fate.calls, fate.error = at, 0, Killed()
        try:
            studio.index()
        except Killed:
            fate.error = None
            studio.index()
            assert studio.catalog() == truth, f"killed at transaction {at}"
        else:
            assert at > 15
            return


def test_killed_again_and_again_it_comes_to_the_same_end(
    studio: Studio, truth: dict[str, Any]
) -> None:
    fill(studio)
    for at in range(1, 200):
        fate = Fate(at, KeyboardInterrupt())
        studio.watched = fate.tempt
        try:
            studio.index()
        except KeyboardInterrupt:
            continue
        assert at > 5
        break
    assert studio.catalog() == truth


@pytest.mark.parametrize("name", ["frame", "ocr", "asr"])
@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_missing_model_ends_the_run_and_loses_nothing(
    studio: Studio, truth: dict[str, Any], name: str, at: int
) -> None:
    fill(studio)
    getattr(studio, name).fate = Fate(at, MissingError("no model"))
    with pytest.raises(MissingError, match="no model"):
        studio.index()
    getattr(studio, name).fate = Fate()
    studio.index()
    assert studio.catalog() == truth


def test_what_is_not_finished_is_not_in_order(studio: Studio) -> None:
    """Speech was interrupted; without speech there is nothing left to do."""
    studio.film("a.mp4")
    studio.asr.fate = Fate(2, MissingError("no model"))
    with pytest.raises(MissingError):
        studio.index()
    while studio.catalog()["a.mp4"]["progress"].get("frame", ("", 0, False))[2] is False:
        studio.index(speech=False)
    studio.index(speech=False)
    assert studio.state("a.mp4") == ("ok", None)


# Failures -----------------------------------------------------------------------------


def test_a_bad_file_costs_one_failure(studio: Studio) -> None:
    studio.film("a.mp4")
    (studio.folder / "b.mp4").write_bytes(b"\0 no film")
    studio.film("c.mp4")
    tally = studio.index()
    assert tally.failures == studio.failures == [Failure("b.mp4", "is no film")]
    assert tally.videos == 2
    assert studio.state("b.mp4") == ("failed", "is no film")
    assert studio.state("c.mp4") == ("ok", None)


def test_a_modality_that_fails_on_a_video_keeps_the_others(studio: Studio) -> None:
    studio.film("a.mp4")
    studio.ocr.fate = Fate(2, ValueError("a strange picture\nindeed"))
    tally = studio.index()
    reason = "ocr: unforeseen ValueError: a strange picture indeed"
    assert tally.failures == [Failure("a.mp4", reason)]
    assert studio.state("a.mp4") == ("partial", reason)
    spans: dict[str, list[Span]] = defaultdict(list)
    for modality, span, *_ in studio.catalog()["a.mp4"]["chunks"]:
        spans[modality].append(span)
    assert spans["frame"][-1].end == 150 * SECOND_US
    assert spans["asr"][-1].end == 150 * SECOND_US
    assert spans["ocr"][-1].end == 60 * SECOND_US
    assert studio.ocr.fate.calls == 2


def test_speech_that_fails_keeps_the_pictures_and_says_so(studio: Studio) -> None:
    studio.film("a.mp4", sound_breaks_at=100)
    studio.index()
    assert studio.state("a.mp4") == ("partial", "asr: its sound is damaged")
    assert studio.index().unchanged == 1


def test_pictures_that_fail_keep_what_came_before(studio: Studio) -> None:
    studio.film("a.mp4", pictures_break_at=70, sound=False)
    studio.index()
    chunks = studio.catalog()["a.mp4"]["chunks"]
    assert max(span.end for _, span, *_ in chunks) == 60 * SECOND_US
    assert studio.state("a.mp4") == ("partial", "its pictures are damaged")


def test_a_failure_outlives_an_interruption(studio: Studio) -> None:
    studio.film("a.mp4", sound_breaks_at=10)
    studio.frame.fate = Fate(3, MissingError("no model"))
    with pytest.raises(MissingError):
        studio.index()
    studio.frame.fate = Fate()
    studio.index()
    assert studio.state("a.mp4") == ("partial", "asr: its sound is damaged")


LOST = "could not be decoded; the rest is indexed"


def test_what_did_not_decode_is_told_at_the_end(studio: Studio) -> None:
    studio.film("a.mp4", pictures_lost=[(2, 5), (58, 63)], sound_lost=[(70, 81)])
    studio.index()
    said = f"8.0 s of its pictures and 11.0 s of its sound {LOST}"
    assert studio.state("a.mp4") == ("partial", said)
    assert studio.index().failures == []


@pytest.mark.parametrize("windows", [1, 2, 3])
@pytest.mark.parametrize("feed", ["pictures", "sound"])
def test_what_did_not_decode_before_an_interruption_is_told_after_it(
    studio: Studio, feed: str, windows: int
) -> None:
    if feed == "pictures":
        studio.film("a.mp4", pictures_lost=[(2, 5), (58, 63)], sound=False)
    else:
        studio.film("a.mp4", sound_lost=[(2, 5), (70, 75)], shots=[])
    studio.watched = Fate(1 + windows, KeyboardInterrupt(), lasting=False).tempt
    with pytest.raises(KeyboardInterrupt):
        studio.index()
    studio.watched = lambda: None
    assert studio.state("a.mp4") == ("partial", None)
    studio.index()
    assert studio.state("a.mp4") == ("partial", f"8.0 s of its {feed} {LOST}")
    assert [failure.path for failure in studio.failures] == ["a.mp4"]


def test_what_did_not_decode_stays_told_when_another_modality_is_made_anew(studio: Studio) -> None:
    studio.film("a.mp4", pictures_lost=[(2, 5)])
    studio.index()
    told = ("partial", f"3.0 s of its pictures {LOST}")
    assert studio.state("a.mp4") == told
    studio.asr.recipe = "hearing 2"
    studio.index()
    assert studio.state("a.mp4") == told
    studio.frame.recipe, studio.ocr.recipe = "sight 2", "writing 2"
    studio.film("a.mp4", pictures_lost=[])
    studio.index()
    assert studio.state("a.mp4") == ("ok", None)


def test_of_a_video_that_is_forgotten_no_loss_is_kept(studio: Studio) -> None:
    studio.film("a.mp4", pictures_lost=[(2, 5)])
    studio.index()
    with studio.writing() as holdings:
        (video,) = holdings.catalog.videos()
        assert holdings.catalog.losses.of(video.id) == {"frame": 3_000_000, "ocr": 3_000_000}
        holdings.catalog.forget_video(video.id)
        assert holdings.catalog.losses.of(video.id) == {}


def test_a_failed_file_is_tried_again_on_request_only(studio: Studio) -> None:
    studio.film("a.mp4")
    studio.frame.fate = Fate(1, ValueError("no memory"), lasting=False)
    studio.index()
    whole = studio.state("a.mp4")
    assert whole[0] == "partial"
    assert studio.index().unchanged == 1
    tally = studio.index(retry=True)
    assert (tally.videos, tally.unchanged) == (1, 0)
    assert studio.state("a.mp4") == ("ok", None)


def test_a_name_that_is_no_text_costs_nothing(studio: Studio) -> None:
    path = studio.film("a.mp4")
    odd = Path(os.fsdecode(os.fsencode(studio.folder) + b"/caf\xe9.mp4"))
    path.rename(odd)
    odd.with_suffix(".srt").write_text("hello", "utf-8")
    assert studio.index().failures == []
    assert studio.index().unchanged == 1
    odd.write_text("no film", "utf-8")
    assert [Path(f.path) for f in studio.index().failures] == [Path(odd.name)]


def test_text_that_is_no_text_costs_nothing(studio: Studio) -> None:
    studio.film("a.mp4", cues=[[0, "one \udce9 \ud83d \u4e2d\u6587\udcff"]], shots=[])
    assert studio.index().failures == []
    assert studio.index().unchanged == 1


# Second runs --------------------------------------------------------------------------


def test_what_is_unchanged_is_not_opened(studio: Studio) -> None:
    fill(studio)
    studio.index()
    before = studio.catalog()
    tally = studio.index()
    assert (tally.unchanged, tally.videos, studio.reader.read) == (3, 0, [])
    assert studio.catalog() == before


def test_a_moved_file_is_recognised_without_being_read(studio: Studio) -> None:
    path = studio.film("a.mp4")
    studio.index()
    before = studio.catalog()["a.mp4"]
    (studio.folder / "trip").mkdir()
    path.rename(studio.folder / "trip" / "b.mp4")
    tally = studio.index()
    assert (tally.moved, tally.missing, tally.videos, studio.reader.read) == (1, 0, 0, [])
    assert studio.catalog() == {"trip/b.mp4": before}


def test_a_copy_is_a_video_of_its_own(studio: Studio) -> None:
    path = studio.film("a.mp4", 10)
    shutil.copy(path, studio.folder / "b.mp4")
    tally = studio.index()
    assert tally.videos == 2
    made = studio.catalog()
    assert made["a.mp4"] == made["b.mp4"]


def test_a_changed_file_is_done_again(studio: Studio) -> None:
    studio.film("a.mp4")
    studio.film("b.mp4")
    studio.index()
    studio.film("a.mp4", 30, shots=[0])
    tally = studio.index()
    assert (tally.videos, tally.unchanged) == (1, 1)
    assert set(studio.reader.read) == {"a.mp4"}
    made = studio.catalog()["a.mp4"]
    assert made["cuts"] == []
    assert max(span.end for _, span, *_ in made["chunks"]) == 30 * SECOND_US


def test_a_touched_file_is_looked_at_and_not_done_again(studio: Studio) -> None:
    path = studio.film("a.mp4")
    studio.index()
    before = studio.catalog()
    os.utime(path, (1, 1))
    assert studio.index().videos == 0
    assert studio.reader.read == []
    assert studio.catalog() == before
    assert studio.index().unchanged == 1


def test_a_file_that_changes_to_no_film_fails_once(studio: Studio) -> None:
    path = studio.film("a.mp4")
    studio.index()
    path.write_bytes(b"\0 no film")
    assert len(studio.index().failures) == 1
    assert studio.catalog()["a.mp4"]["chunks"] == []
    assert studio.index().unchanged == 1


def test_a_deleted_file_is_marked_and_comes_back(studio: Studio, tmp_path: Path) -> None:
    path = studio.film("a.mp4")
    studio.index()
    before = studio.catalog()
    path.rename(tmp_path / "elsewhere")
    assert studio.index().missing == 1
    assert studio.state("a.mp4") == ("missing", None)
    assert studio.catalog()["a.mp4"]["chunks"] == before["a.mp4"]["chunks"]
    (tmp_path / "elsewhere").rename(path)
    assert studio.index().missing == 0
    assert studio.catalog() == before


def test_only_what_was_named_can_be_missing(studio: Studio) -> None:
    studio.film("in/a.mp4", 10)
    studio.film("out/b.mp4", 10)
    studio.index()
    (studio.folder / "out" / "b.mp4").unlink()
    assert studio.index(studio.folder / "in").missing == 0
    assert studio.index(studio.folder / "in" / ".." / "out").missing == 1


def test_a_new_recipe_does_only_its_modality_again(studio: Studio) -> None:
    studio.film("a.mp4")
    studio.index()
    before = studio.catalog()["a.mp4"]
    studio.asr.recipe = "hearing 2"
    tally = studio.index()
    assert set(tally.chunks) == {"asr"}
    after = studio.catalog()["a.mp4"]
    assert after["chunks"] == before["chunks"]
    assert after["progress"]["asr"][0] == "hearing 2"


def test_a_new_recipe_that_is_interrupted_goes_on(studio: Studio) -> None:
    studio.film("a.mp4")
    studio.index()
    before = studio.catalog()["a.mp4"]["chunks"]
    studio.ocr.recipe = "writing 2"
    studio.ocr.fate = Fate(2, MissingError("no model"))
    with pytest.raises(MissingError):
        studio.index()
    studio.ocr.fate = Fate()
    studio.index()
    assert studio.ocr.fate.calls == 2
    assert studio.catalog()["a.mp4"]["chunks"] == before


def test_subtitles_are_taken_when_they_appear_and_heard_when_they_go(studio: Studio) -> None:
    path = studio.film("a.mp4", 20)
    studio.index()
    heard = studio.catalog()
    sidecar = path.with_suffix(".srt")
    sidecar.write_text("hello\nworld", "utf-8")
    studio.index()
    texts = [
        text for modality, _, text, _ in studio.catalog()["a.mp4"]["chunks"] if modality == "asr"
    ]
    assert texts == ["hello", "world"]
    sidecar.unlink()
    studio.index()
    assert studio.catalog() == heard


def test_a_file_that_vanishes_before_it_is_looked_at_costs_one_failure(studio: Studio) -> None:
    many = 2 * running._OPEN_FILES  # so that the last is not looked at before the first is done
    paths = [studio.film(f"{n:02}.mp4", 5 + n) for n in range(many)]
    name = paths[-1].name
    studio.index(paths[-1])
    studio.film(name, 90)
    kept = studio.catalog()[name]["chunks"]
    studio.watched = lambda: paths[-1].unlink(missing_ok=True)
    tally = studio.index()
    assert [failure.path for failure in tally.failures] == [name]
    assert tally.missing == 1
    assert studio.catalog()[name]["chunks"] == kept
    assert studio.state(name) == ("missing", None)


def test_a_file_that_vanishes_while_it_is_read_goes_on_when_it_is_back(studio: Studio) -> None:
    path = studio.film("a.mp4", sound=False)
    text = path.read_text("utf-8")
    stamp = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    studio.reader.frames = unplugged(studio.reader, path)  # type: ignore[method-assign]  # a fake
    studio.index()
    assert studio.state("a.mp4") == ("missing", None)
    studio.reader = FakeReader()
    path.write_text(text, "utf-8")
    os.utime(path, ns=stamp)
    studio.index()
    assert studio.state("a.mp4") == ("ok", None)
    spans = [span for name, span, *_ in studio.catalog()["a.mp4"]["chunks"] if name == "frame"]
    assert spans[-1].end == 150 * SECOND_US
    assert len(spans) == len(set(spans))


def test_a_file_that_is_replaced_while_it_is_read_is_told_and_read_again(studio: Studio) -> None:
    studio.film("a.mp4", sound=False)
    frames = studio.reader.frames

    def replaced(path: Path, *, start_us: int = 0) -> Iterator[FakeFrame]:
        yield from frames(path, start_us=start_us)
        os.utime(path, ns=(1, 1))

    studio.reader.frames = replaced  # type: ignore[method-assign]  # a fake
    (failure,) = studio.index().failures
    assert "changed while it was read" in failure.reason
    studio.reader = FakeReader()
    assert studio.index().failures == []
    assert studio.state("a.mp4") == ("ok", None)


def test_a_film_of_which_nothing_can_be_read_does_not_count(studio: Studio) -> None:
    studio.film("a.mp4", sound=False)

    def nothing(path: Path, *, start_us: int = 0) -> Iterator[FakeFrame]:
        raise MediaError(f"{path.name}: nothing decodes after {start_us}")

    studio.reader.frames = nothing  # type: ignore[method-assign]  # a fake
    tally = studio.index()
    assert (tally.videos, tally.duration_us, len(tally.failures)) == (0, 0, 1)


def unplugged(reader: FakeReader, path: Path) -> Callable[..., Iterator[FakeFrame]]:
    frames = reader.frames

    def broken(path_: Path, *, start_us: int = 0) -> Iterator[FakeFrame]:
        for frame in frames(path_, start_us=start_us):
            if frame.time_us > 70 * SECOND_US:
                path.unlink()
                raise MediaError("the disk is gone")
            yield frame

    return broken


def test_an_unreadable_file_is_tried_each_time(studio: Studio) -> None:
    (studio.folder / "a.mp4").symlink_to("/proc/self/mem")
    assert len(studio.index(studio.folder / "a.mp4").failures) == 1
    assert studio.state("a.mp4")[0] == "failed"
    assert len(studio.index(studio.folder / "a.mp4").failures) == 1


def test_a_library_that_fails_ends_the_run(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.film("a.mp4")
    with studio.writing():
        pass
    monkeypatch.setattr(Catalog, "advance", lambda *_, **__: broken_catalog())
    with pytest.raises(LibraryError, match="broken"):
        studio.index()


def broken_catalog() -> None:
    raise LibraryError("broken")


# Searching ----------------------------------------------------------------------------


class WordsOnly(FakeEncoder):
    """Finds nothing alike, so that words alone decide."""

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.zeros_like(cosines)


def search(
    studio: Studio,
    words: str,
    *,
    encoder: type[FakeEncoder] = WordsOnly,
    pictures: dict[str, Vector] | None = None,
    **wishes: Any,
) -> list[Moment]:
    wish = pipeline.Wish(**{"count": 50, "min_score": 0.1, **wishes})
    with studio.reading() as holdings:
        return pipeline.search(
            holdings,
            query.parse(words),
            wish,
            encoder_of=lambda _: encoder(),
            pictures=pictures or {},
        )


def places(found: Sequence[Moment]) -> list[tuple[str, int]]:
    """Video and second of the best evidence of each."""
    return [
        (moment.video.path, moment.evidence[0].chunk.span.start // SECOND_US) for moment in found
    ]


def talk(studio: Studio, name: str, *lines: str, every_s: int = 10, **facts: Any) -> Path:
    """A film of a single shot in which so much is said, each line for a second."""
    cues = [[n * every_s * SECOND_US, line] for n, line in enumerate(lines)]
    return studio.film(name, every_s * len(lines), **{"shots": [0], **facts, "cues": cues})


def test_a_written_word_is_found_where_it_stands(studio: Studio) -> None:
    studio.film("a.mp4")
    studio.film("b.mp4", shots=[0])
    studio.index()
    best = search(studio, "shade 150", modalities=("ocr",), min_score=0.0)[0]
    assert best.video.path == "a.mp4"
    assert best.evidence[0].matched == ("shade", "150")
    assert Span(75 * SECOND_US, 119 * SECOND_US).overlap(best.span) == best.span.duration


def test_a_glob_limits_the_videos(studio: Studio) -> None:
    studio.film("trip/a.mp4", 20)
    studio.film("b.mp4", 20)
    studio.index()
    for glob in ("trip/*", "a.*"):
        found = search(studio, "shade", video=glob, min_score=0.0)
        assert {moment.video.path for moment in found} == {"trip/a.mp4"}
    assert search(studio, "shade", video="*.mov", min_score=0.0) == []


def test_ids_limit_the_videos(studio: Studio) -> None:
    studio.film("a.mp4", 20)
    studio.film("b.mp4", 30)
    studio.index()
    (one, other) = {moment.video.id for moment in search(studio, "shade", min_score=0.0)}
    for id_ in (one, other):
        found = search(studio, "shade", among=frozenset({id_}), min_score=0.0)
        assert {moment.video.id for moment in found} == {id_}
    assert search(studio, "shade", among=frozenset(), min_score=0.0) == []


def test_another_encoder_than_the_librarys_is_refused(studio: Studio) -> None:
    studio.film("a.mp4", 10)
    studio.index()

    class Other(FakeEncoder):
        space = Space("fake", 4, "2")

    with pytest.raises(SpaceMismatchError, match="fake/1/4"):
        search(studio, "shade", encoder=Other)


def test_an_empty_library_finds_nothing(studio: Studio) -> None:
    studio.index()
    for words in ("cat", '"cat" -dog', "cat >> dog"):
        assert search(studio, words) == []


def test_what_is_missing_is_not_found(studio: Studio) -> None:
    path = talk(studio, "a.mp4", "hello")
    studio.index()
    assert places(search(studio, "hello")) == [("a.mp4", 0)]
    path.unlink()
    studio.index()
    assert search(studio, "hello") == []


def test_only_the_modalities_wished_for_are_asked(studio: Studio) -> None:
    talk(studio, "a.mp4", "the shade of a tree", "hello")
    studio.index()
    for modality in ("asr", "ocr"):
        found = search(studio, "shade", modalities=(modality,))
        kinds = {hit.chunk.modality for moment in found for hit in moment.evidence}
        assert kinds == {modality}
    assert search(studio, "said:hello", modalities=("ocr",)) == []


def test_without_a_phrase_nothing_is_an_answer(studio: Studio) -> None:
    talk(studio, "a.mp4", "good morning all", "the morning is good", "hello")
    studio.index()
    assert places(search(studio, '"good morning"')) == [("a.mp4", 0)]
    assert places(search(studio, 'hello "good morning"')) == [("a.mp4", 0)]
    assert search(studio, 'hello "good evening"') == []
    assert search(studio, '"good morning" "hello"') == []  # not in one place


def test_what_is_told_of_a_phrase_is_told_in_full(studio: Studio) -> None:
    talk(studio, "a.mp4", "hello", "good morning all")
    studio.index()
    (moment,) = search(studio, '"morning all"')
    assert moment.score == 1.0
    assert moment.evidence[0].matched == ("morning", "all")
    assert moment.evidence[0].chunk.text == "good morning all"
    assert moment.span.contains(10 * SECOND_US)


def test_unwanted_words_take_away_what_lies_over_them(studio: Studio) -> None:
    """What is seen and written while they are said, too."""
    talk(studio, "a.mp4", "hello dog", "hello", every_s=20)
    studio.index()
    assert places(search(studio, "hello -dog")) == [("a.mp4", 20)]
    everywhere = search(studio, "shade", modalities=("ocr",))
    assert 0 in [second for _, second in places(everywhere)]
    apart = search(studio, "shade -said:dog", modalities=("ocr",))
    assert apart
    for hit in (hit for moment in apart for hit in moment.evidence):
        assert hit.chunk.span.overlap(Span(0, SECOND_US)) == 0
    assert places(search(studio, "hello -written:dog")) == places(search(studio, "hello"))


def test_stretches_may_be_ruled_out(studio: Studio) -> None:
    talk(studio, "a.mp4", "hello", "hello you")
    talk(studio, "b.mp4", "hello", "bye", "hello there")
    studio.index()
    with studio.reading() as holdings:
        ids = {video.path: video.id for video in holdings.catalog.videos()}
    without = ((ids["a.mp4"], Span(0, 5 * SECOND_US)), (ids["b.mp4"], Span(0, 1)))
    found = search(studio, "hello", without=without, modalities=("asr",))
    assert sorted(places(found)) == [("a.mp4", 10), ("b.mp4", 20)]


def test_what_comes_first_comes_first(studio: Studio) -> None:
    talk(studio, "a.mp4", "water", "tea", "water")
    talk(studio, "b.mp4", "tea", "water")
    studio.index()
    (moment,) = search(studio, "water >> tea", modalities=("asr",))
    assert moment.video.path == "a.mp4"
    assert moment.span.contains(0)
    assert moment.span.contains(10 * SECOND_US)
    assert not moment.span.contains(20 * SECOND_US)
    assert search(studio, "water >> tea", modalities=("asr",), within_us=8 * SECOND_US) == []
    assert len(search(studio, "water >> tea >> water", modalities=("asr",))) == 1
    assert search(studio, "water >> tea >> coffee") == []


def test_at_most_so_many_moments_are_found(studio: Studio) -> None:
    talk(studio, "a.mp4", "hello one", "hello two", "hello three")
    talk(studio, "b.mp4", "hello four", "hello five", every_s=15)
    studio.index()
    assert len(search(studio, "hello")) == 5
    assert [moment.rank for moment in search(studio, "hello", count=3)] == [1, 2, 3]
    by_video = [moment.video.path for moment in search(studio, "hello", per_video=1)]
    assert sorted(by_video) == ["a.mp4", "b.mp4"]


def test_of_copies_one_is_searched(studio: Studio) -> None:
    """Though it shows nothing, by which twins are known."""
    path = talk(studio, "b.mp4", "hello", shots=[])
    shutil.copy(path, studio.folder / "a.mp4")
    shutil.copy(path, studio.folder / "c.mp4")
    studio.index()
    assert places(search(studio, "hello")) == [("a.mp4", 0)]
    assert places(search(studio, "hello", video="[bc].mp4")) == [("b.mp4", 0)]
    (studio.folder / "a.mp4").unlink()
    studio.index()
    assert places(search(studio, "hello")) == [("b.mp4", 0)]


def test_a_video_that_is_forgotten_during_a_search_is_passed_over(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(studio, "a.mp4", "hello")
    talk(studio, "b.mp4", "hello", "bye")
    studio.index()

    def interrupted(hits: Any, *args: Any, **facts: Any) -> Any:
        hits = list(hits)
        with studio.writing() as holdings, holdings.catalog.writing():
            holdings.catalog.forget_video(holdings.find("a.mp4").id)
        return candidates(hits, *args, **facts)

    candidates = moments.candidates
    monkeypatch.setattr(pipeline, "candidates", interrupted)
    assert places(search(studio, "hello")) == [("b.mp4", 0)]


def test_a_copy_is_told_once_and_the_takes_of_one_video_each(studio: Studio) -> None:
    talk(studio, "a.mp4", "hello", "bye", "hello")
    talk(studio, "b.mp4", "bye", "hello", every_s=20)
    studio.index()
    found = search(studio, "hello", modalities=("asr",))
    assert [moment.video.path for moment in found] == ["a.mp4", "a.mp4"]


def test_pictures_and_examples_are_of_what_is_seen(studio: Studio) -> None:
    studio.film("a.mp4", sound=False)
    studio.index()
    bright = vector_of(150)
    (moment,) = search(
        studio, "./a.png", pictures={"./a.png": bright}, modalities=("frame",), min_score=0.9
    )
    assert 75 <= moment.evidence[0].chunk.span.start // SECOND_US < 119
    wish = pipeline.Wish(modalities=("frame",), min_score=0.9, like=(Example("frame", bright),))
    with studio.reading() as holdings:
        (same,) = pipeline.search(
            holdings,
            query.by_example(None),
            wish,
            encoder_of=lambda _: FakeEncoder(),
            pictures={},
        )
    assert same.span == moment.span


def test_examples_are_of_the_first_step_only(studio: Studio) -> None:
    talk(studio, "a.mp4", "water", "tea", shots=[0, 10])
    studio.index()
    later = "x" * 100  # as the second shot's shade, so that it is found
    unlike = (Example("frame", vector_of(100)),)
    plain = search(studio, f"said:water >> shown:{later}", encoder=FakeEncoder)
    judged = search(studio, f"said:water >> shown:{later}", encoder=FakeEncoder, unlike=unlike)
    assert plain[0].score > 0.9
    assert judged == plain
