from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from vidcut import history
from vidcut.errors import UsageError
from vidcut.history import Answer, Past
from vidcut.records import Span

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = (
    Answer(1, Span(0, 5), (("frame", 7), ("asr", 9))),
    Answer(2, Span(3, 4), ()),
    Answer(1, Span(8, 9), (("ocr", 11),)),
)
PAST = Past(
    "吃火鍋 -people \udce9",
    ("./a b.jpg", "/caf\udce9.png"),
    (("clips/a.mp4", 1_500_000),),
    ANSWERS,
    (ANSWERS[0],),
    (ANSWERS[2], ANSWERS[1]),
)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's programs keep what they remember."""
    folder = tmp_path / "state"
    monkeypatch.setattr(history, "user_state_path", lambda name: folder / name)
    return folder


def kept(state: Path) -> Path:
    (file,) = (path for path in state.rglob("*") if path.is_file())
    return file


# Keeping ------------------------------------------------------------------------------


@pytest.mark.parametrize("past", [PAST, Past("cat"), Past("", ("./a.jpg",))])
def test_a_search_comes_back_as_it_was(past: Past) -> None:
    history.keep("lib", past)
    assert history.last("lib") == past


def test_the_last_search_of_each_library_is_kept(state: Path) -> None:
    history.keep("one", Past("first"))
    history.keep("one", Past("second"))
    history.keep("two", Past("third"))
    assert (history.last("one").words, history.last("two").words) == ("second", "third")
    names = sorted(path.name for path in state.rglob("*") if path.is_file())
    assert names == ["one.json", "two.json"]


def test_without_a_search_there_is_none_to_refine() -> None:
    with pytest.raises(UsageError, match="no search of this library to refine; search first"):
        history.last("lib")


def test_a_search_that_cannot_be_kept_is_forgotten_and_said(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state.write_text("a file where a folder is to be")
    with caplog.at_level(logging.INFO, "vidcut"):
        history.keep("lib", PAST)
    (record,) = caplog.records
    assert "this search cannot be refined" in record.getMessage()
    with pytest.raises(UsageError):
        history.last("lib")


def facts(**others: object) -> str:
    lists = dict.fromkeys(("images", "like", "answers", "liked", "disliked"), ())
    return json.dumps({"words": "a", **lists, **others})


def test_what_is_written_by_hand_here_would_be_read(state: Path) -> None:
    """Else the damages below would prove nothing."""
    history.keep("lib", PAST)
    kept(state).write_text(facts())
    assert history.last("lib") == Past("a")


ANSWER = {"video_id": 1, "span": {"start": 0, "end": 1}, "chunks": [["frame", 1]]}


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b'"words"', b"{}", b'{"words": "a"}'),
        facts(answers=3).encode(),
        facts(answers=["x"]).encode(),
        facts(answers=[{"video_id": 1}]).encode(),
        facts(liked=[{**ANSWER, "span": {"start": 2, "end": 1}}]).encode(),
        facts(disliked=[{**ANSWER, "span": None}]).encode(),
        facts(answers=[{**ANSWER, "chunks": [["frame"]]}]).encode(),
        facts(like=[["a.mp4"]]).encode(),
        facts(images=None).encode(),
    ],
)
def test_a_damaged_file_is_refused_in_a_line(state: Path, damage: bytes) -> None:
    history.keep("lib", PAST)
    kept(state).write_bytes(damage)
    with pytest.raises(UsageError, match="search anew") as refused:
        history.last("lib")
    assert str(kept(state)) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_in_the_files_place_is_refused(state: Path) -> None:
    history.keep("lib", PAST)
    place = kept(state)
    place.unlink()
    place.mkdir()
    with pytest.raises(UsageError, match="search anew"):
        history.last("lib")


def test_a_damaged_search_is_replaced_by_the_next(state: Path) -> None:
    history.keep("lib", PAST)
    kept(state).write_bytes(b"{")
    history.keep("lib", PAST)
    assert history.last("lib") == PAST


# Judging ------------------------------------------------------------------------------


def test_what_was_shown_is_judged_by_its_rank() -> None:
    judged = Past("cat", answers=ANSWERS).judged((1, 3), (2,))
    assert judged == Past("cat", (), (), ANSWERS, (ANSWERS[0], ANSWERS[2]), (ANSWERS[1],))


def test_what_was_said_before_still_holds() -> None:
    judged = PAST.judged((3,), (1,))
    assert judged.liked == (ANSWERS[0], ANSWERS[2])
    assert judged.disliked == (ANSWERS[2], ANSWERS[1], ANSWERS[0])
    assert judged.answers == ANSWERS
    assert PAST.judged((), ()) == PAST


@pytest.mark.parametrize("rank", [0, -1, 4, 10**9])
def test_a_rank_that_was_not_shown_is_refused(rank: int) -> None:
    for liked, disliked in (((rank,), ()), ((), (1, rank))):
        with pytest.raises(UsageError, match=rf"did not show a moment {rank}; name ranks"):
            PAST.judged(liked, disliked)
    with pytest.raises(UsageError, match="did not show a moment 1"):
        Past("cat").judged((1,), ())
