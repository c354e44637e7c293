"""Contact sheets of what a library's search finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import vidcut
from vidcut import sheet, wiring

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("query", ["一只猫", "吃火锅"])
def test_the_tiles_show_the_films_where_the_evidence_is(
    home: Path, tmp_path: Path, query: str
) -> None:
    with vidcut.Library(home, offline=True) as opened:
        found = opened.search(query, count=3)
        reader = wiring.reader(opened.settings.reader)
        entries = sheet.gather(found, lambda one: opened.path(one.video), reader, threads=2)
        assert [entry.moment for entry in entries] == found
        sheet.write(tmp_path / "sheet.png", entries, title=query)
        drawn = pixels(tmp_path / "sheet.png")
        for place, entry in enumerate(entries):
            if entry.picture is None:
                continue
            row, column = divmod(place, int(np.ceil(np.sqrt(len(entries)))))
            top, left = 24 + 52 + row * 320, 24 + column * 344
            shown = drawn[top : top + 180, left : left + 320].astype(int)
            path, time_us = opened.path(entry.moment.video), sheet.best_time_us(entry.moment)
            true = reader.picture(path, time_us, longest_px=320).astype(int)
            if true.shape == shown.shape:
                assert np.abs(shown - true).mean() < 12  # what JPEG costs
            else:
                assert shown.std() > 5


def test_a_video_that_is_gone_leaves_its_tile_black(home: Path, tmp_path: Path) -> None:
    with vidcut.Library(home, offline=True) as opened:
        found = opened.search("一只猫", count=1)
        reader = wiring.reader(opened.settings.reader)
        entries = sheet.gather(found, lambda _: tmp_path / "gone.mp4", reader)
    assert [entry.picture for entry in entries] == [None]
    sheet.write(tmp_path / "sheet.jpg", entries)
    assert (pixels(tmp_path / "sheet.jpg")[40:180, 40:300] < 20).all()
