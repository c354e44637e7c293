from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut import library, plugins
from vidcut.asking import Example, Question, Sought
from vidcut.errors import MissingError, SpaceMismatchError
from vidcut.query import Part, Term, parse
from vidcut.records import SECOND_US, Draft, Media, Space, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.library import Holdings
    from vidcut.protocols import Encoder
    from vidcut.records import Hit, Vector

SPACE = Space("fake", 4, "1")
AXES = {"cat": 0, "car": 1, "red": 2, "sea": 3}
HALF = pytest.approx(0.5, abs=1e-3)


def vector(**parts: float) -> Vector:
    """Of unit length, so much along each word's axis."""
    row = np.zeros(4, dtype=np.float32)
    for word, part in parts.items():
        row[AXES[word]] = part
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


class FakeEncoder:
    """Cosines make one as sure as they are; cosines of pictures half as sure."""

    def __init__(self, space: Space = SPACE) -> None:
        self.space = space
        self.asked: list[str] = []

    def query(self, text: str) -> Vector:
        self.asked.append(text)
        known = {word: 1.0 for word in text.split() if word in AXES}
        return vector(**known) if known else vector(cat=1, car=1, red=1, sea=1)

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(cosines, 0.0, 1.0)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(cosines, 0.0, 1.0) * np.float32(0.5)


class Shelf:
    """A small library, and questions to it."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self.encoder = FakeEncoder()
        self.pictures: dict[str, Vector] = {}
        with holdings.catalog.writing():
            self.video = self._video("a.mp4")
            self.other = self._video("b.mp4")

    def _video(self, name: str) -> int:
        video_id = self.holdings.catalog.add_video(name, (1, 1), name.encode())
        self.holdings.catalog.describe(video_id, Media("fake", 60 * SECOND_US, None, None))
        return video_id

    def shows(self, *looks: Vector, video: int | None = None) -> None:
        self._keep("frame", [(None, look) for look in looks], video)

    def says(self, *texts: str, video: int | None = None, modality: str = "asr") -> None:
        self._keep(modality, [(text, vector(sea=1)) for text in texts], video)

    def _keep(
        self, modality: str, made: Sequence[tuple[str | None, Vector]], video: int | None
    ) -> None:
        """A second each."""
        drafts = [
            Draft(Span(n * SECOND_US, (n + 1) * SECOND_US), text, look)
            for n, (text, look) in enumerate(made)
        ]
        with self.holdings.catalog.writing():
            self.holdings.keep(video or self.video, modality, SPACE, drafts)

    def question(self, only: Sequence[int] | None = None) -> Question:
        def encoder_of(_modality: str) -> Encoder:
            return self.encoder

        question = Question(self.holdings, encoder_of=encoder_of, pictures=self.pictures)
        question.ask_only(only)
        return question

    def hits(
        self, words: str, modality: str = "frame", *, only: Sequence[int] | None = None
    ) -> list[Hit]:
        """What the first thing that the words ask for finds."""
        (step,) = parse(words).steps
        return self.question(only).hits(Sought(step.wanted[0], (), step.unwanted), modality)

    def texts(self, words: str, modality: str = "asr") -> list[str | None]:
        return [hit.chunk.text for hit in self.hits(words, modality)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    flat = plugins.load("stores", "flat")
    with library.open_to_write(tmp_path / ".vidcut", flat, create=True) as holdings:
        yield Shelf(holdings)


def sure_at(hits: Sequence[Hit]) -> dict[int, float]:
    """Second → how sure."""
    return {hit.chunk.span.start // SECOND_US: hit.confidence for hit in hits}


# By vector and by word ------------------------------------------------------------------


def test_what_is_seen_is_as_sure_as_its_cosine(shelf: Shelf) -> None:
    shelf.shows(vector(car=1), vector(cat=1), vector(cat=1, car=1))
    hits = shelf.hits("cat")
    assert [hit.chunk.span.start // SECOND_US for hit in hits] == [1, 2, 0]
    assert [hit.confidence for hit in hits] == pytest.approx([1.0, 0.707, 0.0], abs=1e-3)
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_a_text_that_has_the_words_is_surer_than_by_its_vector(shelf: Shelf) -> None:
    shelf.says("nothing of it", "the red car")
    first, second = shelf.hits("red car", "asr")
    assert (first.chunk.text, first.matched) == ("the red car", ("red", "car"))
    assert first.confidence == pytest.approx(1.0)
    assert (second.confidence, second.matched) == (0.0, ())


def test_a_weighty_word_counts_more_than_a_light_one(shelf: Shelf) -> None:
    shelf.says("a car", "a boat")
    first, second = shelf.hits("9:car boat", "asr")
    assert (first.chunk.text, second.chunk.text) == ("a car", "a boat")
    assert first.confidence > 0.7
    assert second.confidence < 0.1


def test_only_the_videos_asked_for_are_looked_through(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1))
    shelf.shows(vector(cat=1), video=shelf.other)
    shelf.says("cat")
    shelf.says("cat", video=shelf.other)
    for modality in ("frame", "asr"):
        for word in ("cat", '"cat"') if modality == "asr" else ("cat",):
            assert len(shelf.hits(word, modality)) == 2
            (hit,) = shelf.hits(word, modality, only=[shelf.other])
            assert hit.chunk.video_id == shelf.other
            assert shelf.hits(word, modality, only=[]) == []


def test_a_term_is_looked_for_where_it_may_be(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1))
    shelf.says("cat")
    assert shelf.hits("said:cat", "frame") == []
    assert len(shelf.hits("said:cat", "asr")) == 1
    assert shelf.hits("shown:cat", "asr") == []
    assert shelf.hits('"cat"', "frame") == []


def test_a_library_without_the_modality_has_no_hits(shelf: Shelf) -> None:
    assert shelf.question().modalities == []
    assert shelf.hits("cat", "frame") == shelf.hits('"cat"', "ocr") == []
    shelf.shows(vector(cat=1))
    shelf.says("cat", modality="ocr")
    assert shelf.question().modalities == ["frame", "ocr"]


def test_each_text_is_encoded_once(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1))
    shelf.says("cat")
    question = shelf.question()
    for modality in ("frame", "asr", "frame"):
        question.hits(Sought(Term((Part("cat"),))), modality)
        question.hits(Sought(Term((Part("cat"), Part("red")))), modality)
    assert shelf.encoder.asked == ["cat", "red"]


def test_another_encoder_than_the_librarys_is_refused(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1))
    shelf.encoder = FakeEncoder(Space("fake", 4, "2"))
    with pytest.raises(SpaceMismatchError, match=r"frame vectors are fake/1/4.*fake/2/4; search"):
        shelf.hits("cat")
    assert shelf.hits('"cat"') == []  # which is not looked for by vector


# Word for word ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("hot pot", "we had Hot Pot there"),
        ("hot pot", "hot, POT!"),
        ("火鍋", "晚上吃火锅"),
        ("火锅", "晚上吃火鍋"),
        ("今日特价", "今日\n特價"),
        ("吃火锅", "吃，火锅"),
        ("猫", "一只橘猫"),
        ("iPhone手机", "买了 iphone 手机"),
        ("don't", "Don’t stop"),
        ("HD画质", "ＨＤ畫質"),
    ],
)
def test_a_phrase_is_found_as_it_reads(shelf: Shelf, phrase: str, text: str) -> None:
    shelf.says("something else", text)
    (hit,) = shelf.hits(f'"{phrase}"', "asr")
    assert (hit.chunk.text, hit.confidence, hit.rank) == (text, 1.0, 1)
    assert hit.matched


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("hot pot", "a pot that is hot"),
        ("hot pot", "hotpot"),
        ("hot pot", "hot coffee pot"),
        ("art", "a party of artists"),
        ("火锅", "锅火"),
        ("吃火锅", "火锅，吃"),
        ("hot", ""),
    ],
)
def test_a_phrase_is_not_found_inside_or_across_other_words(
    shelf: Shelf, phrase: str, text: str
) -> None:
    shelf.says(text, "something else")
    assert shelf.hits(f'"{phrase}"', "asr") == []


def test_a_phrase_is_found_among_many_texts_with_its_words(shelf: Shelf) -> None:
    """Shorter ones, which full text thinks better of."""
    shelf.says(*["锅火"] * 300, "我们晚上一起去吃火锅吧")
    assert shelf.texts('"火锅"') == ["我们晚上一起去吃火锅吧"]


def test_a_phrase_is_found_without_an_encoder(shelf: Shelf) -> None:
    shelf.says("hot pot")
    assert shelf.texts('"hot pot"') == ["hot pot"]
    assert shelf.encoder.asked == []


# Added and taken away ------------------------------------------------------------------


def test_what_is_added_is_between_its_parts(shelf: Shelf) -> None:
    shelf.shows(vector(red=1, car=1), vector(red=1), vector(car=1), vector(sea=1))
    hits = shelf.hits("red + car")
    sure = sure_at(hits)
    assert hits[0].chunk.span.start == 0
    assert sure[0] == pytest.approx(0.707, abs=1e-3)
    assert sure[1] == sure[2] == pytest.approx(0.5, abs=0.02)
    assert sure[3] == pytest.approx(0.0, abs=1e-3)


def test_a_heavier_part_counts_more(shelf: Shelf) -> None:
    shelf.shows(vector(red=1, sea=1), vector(car=1, sea=1))
    even, heavy = sure_at(shelf.hits("red + car")), sure_at(shelf.hits("5:red + car"))
    assert even[0] == pytest.approx(even[1])
    assert heavy[0] > even[0] > heavy[1]


def test_what_is_taken_away_is_no_answer(shelf: Shelf) -> None:
    shelf.shows(vector(car=1), vector(car=1, red=1), vector(red=1))
    sure = sure_at(shelf.hits("car -red"))
    assert sure[0] == pytest.approx(1.0, abs=1e-3)
    assert sure[1] == pytest.approx(0.707 / 2, abs=1e-3)
    assert sure[2] == pytest.approx(0.0, abs=1e-3)


def test_taking_away_what_is_not_there_changes_almost_nothing(shelf: Shelf) -> None:
    shelf.shows(vector(car=1, cat=1), vector(car=1), vector(cat=1))
    before, after = sure_at(shelf.hits("car")), sure_at(shelf.hits("car -sea"))
    assert after == {second: pytest.approx(sure, abs=1e-3) for second, sure in before.items()}


def test_what_is_neither_is_not_thought_the_better_for_it(shelf: Shelf) -> None:
    shelf.shows(vector(sea=1), vector(cat=1, sea=-1))
    assert max(sure_at(shelf.hits("car -red")).values()) < 0.001


def test_what_is_only_unwanted_where_it_is_said_is_seen_all_the_same(shelf: Shelf) -> None:
    shelf.shows(vector(car=1, red=1))
    assert sure_at(shelf.hits("car -said:red")) == {0: pytest.approx(0.707, abs=1e-3)}


def test_what_cancels_out_is_still_answered(shelf: Shelf) -> None:
    shelf.shows(vector(car=1), vector(sea=1))
    sure = sure_at(shelf.hits("car - car"))
    assert sure[0] == pytest.approx(0.5, abs=1e-3)
    assert sure[1] == pytest.approx(0.0, abs=1e-3)


# Pictures and examples -----------------------------------------------------------------


def test_a_picture_is_sure_by_its_likeness(shelf: Shelf) -> None:
    shelf.pictures["./cat.png"] = vector(cat=1)
    shelf.shows(vector(cat=1), vector(car=1))
    assert sure_at(shelf.hits("./cat.png")) == {0: HALF, 1: 0.0}
    assert shelf.hits("./cat.png", "asr") == []
    assert shelf.encoder.asked == []


def test_a_picture_may_be_taken_away(shelf: Shelf) -> None:
    shelf.pictures["./red.png"] = vector(red=1)
    shelf.shows(vector(car=1), vector(car=1, red=1))
    sure = sure_at(shelf.hits("car - ./red.png"))
    assert sure[0] == pytest.approx(1.0, abs=1e-3)
    assert 0.4 < sure[1] < 0.707


def like(modality: str = "frame", *, weight: float = 1.0, **parts: float) -> Example:
    return Example(modality, vector(**parts), weight)


def test_examples_alone_are_answered(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1), vector(car=1))
    shelf.says("cat")
    sought = Sought(Term((), ("frame",)), (like(cat=1),))
    assert sure_at(shelf.question().hits(sought, "frame")) == {0: HALF, 1: 0.0}
    assert shelf.question().hits(sought, "asr") == []
    assert shelf.question().hits(Sought(Term((), ("frame",))), "frame") == []


def test_an_example_shifts_what_words_ask_for(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1, red=1), vector(cat=1, sea=1))
    cat = Term((Part("cat"),))
    plain = sure_at(shelf.question().hits(Sought(cat), "frame"))
    lightly, heavily = (
        sure_at(shelf.question().hits(Sought(cat, (like(red=1, weight=weight),)), "frame"))
        for weight in (0.5, 2.0)
    )
    assert plain[0] == pytest.approx(plain[1])
    assert lightly[0] > lightly[1] > heavily[1]


def test_an_unlike_example_takes_away(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1, red=1), vector(cat=1, sea=1))
    sought = Sought(Term((Part("cat"),)), (), (), (like(red=1),))
    sure = sure_at(shelf.question().hits(sought, "frame"))
    assert sure[0] < sure[1] == pytest.approx(0.707, abs=1e-3)


def test_an_example_of_another_modality_says_nothing(shelf: Shelf) -> None:
    shelf.shows(vector(cat=1, red=1))
    cat = Term((Part("cat"),))
    found = shelf.question().hits(
        Sought(cat, (like("asr", red=1),), (), (like("ocr", red=1),)), "frame"
    )
    assert found == shelf.question().hits(Sought(cat), "frame")


# Where unwanted words stand ---------------------------------------------------------------


def places(shelf: Shelf, words: str, only: Sequence[int] | None = None) -> list[tuple[int, int]]:
    """Video and second, of what the words take away."""
    (step,) = parse(words).steps
    found = shelf.question(only).places(step.unwanted)
    return sorted((video_id, span.start // SECOND_US) for video_id, span in found)


def test_unwanted_words_stand_where_they_are_said_and_written(shelf: Shelf) -> None:
    shelf.says("a dog", "hot dogs", "the DOG barks")
    shelf.says("dog", modality="ocr", video=shelf.other)
    shelf.shows(vector(cat=1))
    one, two = shelf.video, shelf.other
    assert places(shelf, "cat -dog") == [(one, 0), (one, 2), (two, 0)]
    assert places(shelf, "cat -said:dog") == [(one, 0), (one, 2)]
    assert places(shelf, "cat -shown:dog") == []
    assert places(shelf, "cat -dog", [two]) == [(two, 0)]
    assert places(shelf, 'cat -"the dog" -dogs') == [(one, 1), (one, 2)]


def test_unwanted_pictures_stand_nowhere(shelf: Shelf) -> None:
    shelf.says("a b jpg")
    assert places(shelf, "cat -./a.jpg") == []
    assert list(shelf.question().places(())) == []


# Models that are not here --------------------------------------------------------------


class GoneEncoder(FakeEncoder):
    """Its weights were there when the library was made."""

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Here, for a text is encoded once for both, whose space is the same."""
        raise MissingError(f"no weights for {len(cosines)} frames")


@pytest.fixture
def gone(shelf: Shelf) -> Iterator[Question]:
    """The frames' model is gone, the texts' is not."""
    shelf.shows(vector(cat=1))
    shelf.says("a cat sleeps")
    encoders = {"frame": GoneEncoder(), "asr": FakeEncoder()}
    question = Question(shelf.holdings, encoder_of=encoders.__getitem__, pictures={})
    yield question
    question.close()


def test_what_one_model_cannot_answer_the_others_do(gone: Question) -> None:
    (term,) = parse("cat").steps[0].wanted
    gone.expect([term], ["frame", "asr"])
    assert not gone.hits(Sought(term), "frame")
    assert gone.hits(Sought(term), "asr")
    assert list(gone.missing) == ["frame"]


@pytest.mark.parametrize(
    ("words", "modalities"), [("cat", ["frame"]), ("shown:cat", ["frame", "asr"])]
)
def test_what_no_other_model_can_answer_is_refused(
    gone: Question, words: str, modalities: list[str]
) -> None:
    (term,) = parse(words).steps[0].wanted
    gone.expect([term], modalities)
    with pytest.raises(MissingError, match="no weights for 1 frames"):
        gone.hits(Sought(term), "frame")
