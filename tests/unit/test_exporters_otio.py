"""OpenTimelineIO: what the reader of the contract does not look at."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import opentimelineio
import pytest

from vidcut.exporters import otio
from vidcut.records import SECOND_US, Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

if TYPE_CHECKING:
    from pathlib import Path

NTSC = Fraction(30_000, 1001)
SPAN = Span(SECOND_US, 3 * SECOND_US)


def take(*, picture: bool = True, sound: bool = True, timecode: str | None = None) -> Take:
    shown = PictureTrack("h264", 1280, 720, NTSC) if picture else None
    heard = SoundTrack("aac", 48_000, 1) if sound else None
    media = Media("mov", 20 * SECOND_US, shown, heard, timecode=timecode)
    return Take("/a.mov", SPAN, media, "title", "note\nof two lines")


def written(tmp_path: Path, *items: Take | Gap) -> Any:
    path = tmp_path / "film.otio"
    otio.create().write(Edit("film", items, NTSC, 1280, 720), path)
    return opentimelineio.adapters.read_from_file(str(path))


@pytest.mark.parametrize(("timecode", "first"), [("01:00:00;00", 107_892), (None, 0)])
def test_a_file_begins_at_its_own_timecode(
    tmp_path: Path, timecode: str | None, first: int
) -> None:
    (clip, _) = written(tmp_path, take(timecode=timecode)).find_clips()
    known = clip.media_reference.available_range
    assert (known.start_time.value, known.duration.value) == (first, 599)
    assert known.start_time.rate == pytest.approx(30_000 / 1001)
    assert clip.source_range.start_time.value == first + 30


def test_picture_and_sound_lie_under_each_other(tmp_path: Path) -> None:
    items: list[Take | Gap] = [take()]
    items += [take(picture=False), Gap(SECOND_US, "none"), take(sound=False), take()]
    timeline = written(tmp_path, *items)
    pictures, sounds = timeline.tracks
    assert [pictures.kind, sounds.kind] == ["Video", "Audio"]
    for number, (shown, heard) in enumerate(zip(pictures, sounds, strict=True), start=1):
        assert pictures.range_of_child(shown) == sounds.range_of_child(heard)
        for one in (shown, heard):
            if isinstance(one, opentimelineio.schema.Clip):
                assert one.metadata["Resolve_OTIO"]["Link Group ID"] == number
    kinds = [[type(one).__name__ for one in track] for track in (pictures, sounds)]
    assert kinds == [
        ["Clip", "Gap", "Gap", "Clip", "Clip"],
        ["Clip", "Clip", "Gap", "Gap", "Clip"],
    ]


def test_a_silent_film_has_no_track_of_sound(tmp_path: Path) -> None:
    timeline = written(tmp_path, take(sound=False))  # its tracks live as long as it does
    assert [track.kind for track in timeline.tracks] == ["Video"]


def test_words_are_kept_as_they_were(tmp_path: Path) -> None:
    clip, _ = written(tmp_path, take()).find_clips()
    assert dict(clip.metadata["vidcut"]) == {"title": "title", "note": "note\nof two lines"}
    (marker,) = clip.markers
    assert (marker.name, marker.comment) == ("title", "note\nof two lines")
    assert marker.marked_range == clip.source_range


def test_a_gaps_words_are_kept(tmp_path: Path) -> None:
    timeline = written(tmp_path, Gap(SECOND_US, "no shot of the sea"))
    assert timeline.tracks[0][0].metadata["vidcut"]["title"] == "no shot of the sea"
    assert timeline.name == "film"
