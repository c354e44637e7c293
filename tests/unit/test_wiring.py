from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import vidcut
from vidcut import library, plugins, wiring, workers
from vidcut.errors import LibraryNotFoundError, MissingError, UsageError
from vidcut.modes import Mode
from vidcut.records import (
    SECOND_US,
    Boundary,
    Draft,
    Media,
    Moment,
    PictureTrack,
    Shot,
    SoundTrack,
    Space,
    Span,
)
from vidcut.settings import Settings
from vidcut.wiring import Shares

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Media("mov", 9 * SECOND_US, PictureTrack("h264", 2, 2, None), None)
SOUND = Media("mp3", 9 * SECOND_US, None, SoundTrack("mp3", 44_100, 2))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def filled(home: Path) -> Iterator[vidcut.Library]:
    """Two films with shots and a chunk each, and a recording."""
    with library.open_to_write(home / ".vidcut", plugins.load("stores", "flat"), create=True) as h:
        catalog = h.catalog
        for name, media in (("a.mp4", PICTURE), ("trip/a.mp4", PICTURE), ("b.mp3", SOUND)):
            with catalog.writing():
                video_id = catalog.add_video(name, (1, 1), name.encode())
                catalog.describe(video_id, media)
                catalog.add_cuts(video_id, [4 * SECOND_US] if media is PICTURE else [])
                drafts = [Draft(Span(0, SECOND_US), name)]
                h.keep(video_id, "ocr", Space("fake", 4, "1"), drafts)
    with vidcut.Library(store="flat") as opened:
        yield opened


# Where the library is -----------------------------------------------------------------


@pytest.mark.usefixtures("filled")
def test_the_nearest_library_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "trip").mkdir()
    monkeypatch.chdir(home / "trip")
    assert vidcut.Library().folder == home / ".vidcut"
    assert vidcut.Library(home).folder == vidcut.Library(home / ".vidcut").folder


def test_without_one_it_is_to_be_here(home: Path) -> None:
    opened = vidcut.Library()
    assert opened.folder == home / ".vidcut"
    with pytest.raises(LibraryNotFoundError, match="vidcut index"):
        opened.videos()
    assert not (home / ".vidcut").exists()


def test_the_environment_names_a_library_and_a_call_outweighs_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDCUT_LIBRARY", str(home / "films"))
    assert vidcut.Library().folder == home / "films" / ".vidcut"
    assert vidcut.Library(home / "other").folder == home / "other" / ".vidcut"


@pytest.mark.usefixtures("filled")
def test_a_library_has_its_own_settings(home: Path) -> None:
    (home / ".vidcut" / "config.toml").write_text('min_score = 0.25\nlanguage = "zh"\n')
    assert vidcut.Library(language="en").settings.min_score == 0.25
    assert vidcut.Library(language="en").settings.language == "en"


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="no setting 'colour'"):
        vidcut.Library(colour="red")


# What is in it ------------------------------------------------------------------------


def test_a_video_is_found_by_the_end_of_its_path(filled: vidcut.Library) -> None:
    assert filled.find("a.mp4").path == "a.mp4"
    assert filled.find("trip/a.mp4").path == "trip/a.mp4"
    assert filled.find("b.mp3").path == "b.mp3"


@pytest.mark.parametrize(("name", "fact"), [("mp3", "has no video"), ("c.mp4", "has no video")])
def test_a_video_that_is_not_there_is_a_usage_error(
    filled: vidcut.Library, name: str, fact: str
) -> None:
    with pytest.raises(UsageError, match=fact):
        filled.find(name)


def test_a_name_that_two_videos_end_in_is_a_usage_error(
    filled: vidcut.Library, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "below").mkdir()
    monkeypatch.chdir(home / "below")
    with pytest.raises(UsageError, match="2 videos end in"):
        filled.find("a.mp4")


def test_shots_are_between_the_cuts(filled: vidcut.Library) -> None:
    film, sound = filled.find("a.mp4"), filled.find("b.mp3")
    spans = [Span(0, 4 * SECOND_US), Span(4 * SECOND_US, 9 * SECOND_US)]
    assert filled.shots(film) == [Shot(film.id, span) for span in spans]
    assert filled.shots(sound) == []


def test_what_is_forgotten_is_gone(filled: vidcut.Library) -> None:
    filled.forget([filled.find("trip/a.mp4"), filled.find("b.mp3")])
    assert [video.path for video in filled.videos()] == ["a.mp4"]
    assert [chunk.text for chunk in filled.chunks(filled.find("a.mp4"))] == ["a.mp4"]


def test_plans_cut_where_the_video_lies(filled: vidcut.Library, home: Path) -> None:
    video = filled.find("trip/a.mp4")
    moment = Moment(1, video, Boundary(SECOND_US, ""), Boundary(3 * SECOND_US, ""), 0.9)
    one, other = filled.plans([moment, moment], "clips", mode=Mode.COPY)
    assert one.source == home / "trip" / "a.mp4"
    assert one.span == moment.span
    assert one.output.parent == Path("clips")
    assert one.output != other.output


def test_a_closed_library_opens_again(filled: vidcut.Library) -> None:
    before = filled.videos()
    filled.close()
    assert filled.videos() == before


# What is chosen -----------------------------------------------------------------------


def test_a_path_that_does_not_exist_makes_no_library(home: Path) -> None:
    with pytest.raises(UsageError, match="nowhere does not exist"):
        vidcut.Library().index("nowhere")
    assert not (home / ".vidcut").exists()


@pytest.mark.parametrize("kept", [None, "labels"])
def test_a_model_that_read_nothing_is_not_kept(home: Path, kept: str | None) -> None:
    flat = plugins.load("stores", "flat")
    with library.open_to_write(home / ".vidcut", flat, create=True) as holdings:
        if kept is not None:
            holdings.catalog.keep_setting("visual_model", kept)
        with pytest.raises(MissingError), wiring.model_kept(holdings, "open_clip:best"):
            raise MissingError("no weights")
        assert (holdings.catalog.setting("visual_model") or None) == kept


def test_a_model_that_read_something_is_kept(home: Path) -> None:
    flat = plugins.load("stores", "flat")
    with library.open_to_write(home / ".vidcut", flat, create=True) as holdings:
        with wiring.model_kept(holdings, "open_clip:best"):
            holdings.catalog.keep_modality_space("frame", Space("open_clip", 4, "best"))
        assert holdings.catalog.setting("visual_model") == "open_clip:best"


@dataclass
class FakeOpenClip:
    """The plug-in, with or without weights on this machine."""

    DEFAULT_MODEL = "net/data"
    has_weights: bool
    can_fetch: bool = True

    def cached(self, model: str | None) -> bool:
        assert model is None
        return self.has_weights

    def fetch(self, model: str | None) -> None:
        assert model is None
        if not self.can_fetch:
            raise MissingError("what arrived is damaged")

    def settled(self, model: str, *, offline: bool) -> str:
        assert not offline
        return f"{model}@1234"


def visual_model(
    monkeypatch: pytest.MonkeyPatch,
    kept: str | None = None,
    *,
    weights: bool,
    can_fetch: bool = True,
    **chosen: Any,
) -> str:
    monkeypatch.setattr(plugins, "load", lambda *_: FakeOpenClip(weights, can_fetch))
    return wiring.visual_model(Settings(**chosen), kept)


@pytest.mark.parametrize("weights", [True, False])
def test_pictures_are_read_by_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, *, weights: bool
) -> None:
    for asked, model in (("labels", "labels"), ("best", "open_clip:best")):
        assert visual_model(monkeypatch, "x", weights=weights, visual_model=asked) == model


def test_else_by_what_the_library_was_begun_with(monkeypatch: pytest.MonkeyPatch) -> None:
    assert visual_model(monkeypatch, "labels", weights=True) == "labels"
    assert visual_model(monkeypatch, "open_clip:fast", weights=False) == "open_clip:fast"


def test_else_by_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert visual_model(monkeypatch, weights=True, can_fetch=False) == "open_clip:net/data"
    assert visual_model(monkeypatch, weights=False, can_fetch=False) == "labels"


def test_else_by_what_can_be_had_unless_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    assert visual_model(monkeypatch, weights=False) == "open_clip:net/data"
    assert visual_model(monkeypatch, weights=False, offline=True) == "labels"


def test_what_nobody_asked_for_and_cannot_be_fetched_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert visual_model(monkeypatch, weights=False, can_fetch=False) == "labels"
    assert "what arrived is damaged" in caplog.text


def test_a_model_of_the_hub_is_kept_by_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = visual_model(monkeypatch, weights=True, visual_model="hf-hub:org/net")
    assert asked == "open_clip:hf-hub:org/net@1234"


def test_a_modality_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no modality 'a'; there are: asr, frame, ocr"):
        vidcut.Library().search("hello", modalities="asr")


def test_a_store_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(
        UsageError, match="no stores called 'tape'; there are: faiss, faiss_gpu, flat"
    ):
        wiring.store(Settings(store="tape"))
    with pytest.raises((UsageError, MissingError), match="vhs"):
        wiring.reader("vhs")


# Cores --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cores", "shares"),
    [
        (1, Shares(jobs=1, hearers=1, threads=1, decoder_threads=1)),
        (2, Shares(jobs=1, hearers=2, threads=1, decoder_threads=2)),
        (4, Shares(jobs=1, hearers=2, threads=2, decoder_threads=4)),
        (8, Shares(jobs=2, hearers=2, threads=2, decoder_threads=4)),
        (16, Shares(jobs=4, hearers=4, threads=2, decoder_threads=4)),
        (64, Shares(jobs=4, hearers=4, threads=8, decoder_threads=16)),
    ],
)
def test_the_cores_are_shared_out_and_no_more(cores: int, shares: Shares) -> None:
    assert wiring.shares(Settings(), cores) == shares


def test_what_was_asked_for_is_what_is_shared_out() -> None:
    three = Shares(jobs=3, hearers=3, threads=2, decoder_threads=4)
    assert wiring.shares(Settings(jobs=3), 12) == three
    nine = Shares(jobs=9, hearers=9, threads=1, decoder_threads=1)
    assert wiring.shares(Settings(jobs=9), 4) == nine
    assert wiring.shares(Settings(jobs=1), 2).hearers == 1
    assert wiring.shares(Settings(threads=5), 2).threads == 5


def test_a_run_is_given_what_was_shared_out() -> None:
    tools = wiring.tools(Settings(jobs=2, offline=True), "labels")
    assert (tools.jobs, tools.hearers) == (2, 2)
    tools.release()


@pytest.mark.parametrize(("quality", "pace"), [("fast", "quick"), ("balanced", "every")])
def test_only_a_fast_run_leaves_out_frames(
    monkeypatch: pytest.MonkeyPatch, quality: str, pace: str
) -> None:
    paces: list[str] = []

    def reader(*_: Any, pace: str, **__: Any) -> workers.Workers:
        paces.append(pace)
        return workers.Workers([])

    monkeypatch.setattr(wiring, "reader", reader)
    wiring.tools(Settings(quality=quality, offline=True), "labels")
    assert paces == [pace]
