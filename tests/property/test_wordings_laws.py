"""Files of texts answer as FTS5 does: the same texts, in the same order, by the same words."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from vidcut import catalog, stretches, wordings
from vidcut.records import Draft, Span
from vidcut.terms import found_by
from vidcut.wordings import Wordings

WORDS = ("the", "a", "of", "hot", "pot", "cat", "don't", "火", "火锅", "é", "İ", "1080p", "naïve")
MODALITIES = ("asr", "frame", "ocr")
word = st.sampled_from(WORDS) | st.text(max_size=3)
text = st.lists(word, max_size=12).map(" ".join) | st.just("the") | st.just("the the hot")
chunk = st.tuples(st.sampled_from(MODALITIES), st.integers(1, 3), text)
asked = st.lists(st.sampled_from([*WORDS, "never"]), min_size=1, max_size=6, unique=True)


@given(
    st.lists(st.lists(chunk, max_size=40), min_size=1, max_size=4),
    st.lists(asked, min_size=1, max_size=6),
    st.integers(1, 12),
    st.none() | st.lists(st.integers(1, 3), max_size=2, unique=True),
)
@settings(max_examples=60, deadline=None)
def test_files_answer_as_full_text(
    added: list[list[tuple[str, int, str]]],
    queries: list[list[str]],
    count: int,
    videos: list[int] | None,
) -> None:
    small = mock.patch.multiple(wordings, LEAST=0, LARGE=50, _AT_ONCE=7)
    with (
        small,
        mock.patch.multiple(stretches, SMALL=0, LARGE=50),
        tempfile.TemporaryDirectory() as made,
    ):
        opened = catalog.create(Path(made) / "catalog.sqlite")
        texts = Wordings(Path(made) / "texts", opened)
        with opened.writing():
            for number in range(3):
                opened.add_video(f"{number}", (1, 1), b"%d" % number)
        for some in added:
            texts.refresh()  # the last are in no file
            with opened.writing():
                for modality, video, said in some:
                    opened.add_chunk(video, modality, Draft(Span(0, 1), said, None), found_by(said))
        assert texts._parts() or not list(texts._files().chain())
        for words in queries:
            right = {one: number for one, number in opened.texts.counts(words)[1].items() if number}
            found = texts.counts(words)[1]
            assert {one: number for one, number in found.items() if number} == right
            for modality in MODALITIES:
                for together in (False, True):
                    rows = opened.texts.find(words, modality, count, videos, together=together)
                    best = texts.find(words, modality, count, videos, told=words, together=together)
                    assert best == [(one, set(words) & set(has.split(" "))) for one, has in rows]
        opened.close()
