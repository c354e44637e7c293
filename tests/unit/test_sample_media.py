"""The sample media are small, credited, and what their truth files say of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

MEDIA = Path(__file__).resolve().parents[2] / "sample_media"
PLAN = tomllib.loads((MEDIA / "films.toml").read_text(encoding="utf-8"))
FILES = [film["file"] for film in PLAN["film"]]
README = (MEDIA / "README.md").read_text(encoding="utf-8")
QUERIES = [
    json.loads(line) for line in (MEDIA / "queries.jsonl").read_text(encoding="utf-8").splitlines()
]

needs_ffprobe = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="no ffprobe")


def truth_of(file: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(
        (MEDIA / file).with_suffix(".json").read_text(encoding="utf-8")
    )
    return truth


def ffprobe(file: str, *entries: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-of", "json", *entries, str(MEDIA / file)]
    answer: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return answer


def cuts_in(file: str) -> list[float]:
    """When a picture differs from the one before as no pan or title makes it."""
    with av.open(str(MEDIA / file)) as container:
        offset = container.start_time / av.time_base
        cuts, before = [], None
        for frame in container.decode(video=0):
            small = frame.reformat(width=64, height=36, format="gray").to_ndarray().astype(float)
            if before is not None and np.abs(small - before).mean() > 20:
                cuts.append(frame.time - offset)
            before = small
    return cuts


def test_the_media_are_under_eight_megabytes() -> None:
    assert sum(path.stat().st_size for path in MEDIA.iterdir() if path.is_file()) < 8_000_000


@pytest.mark.parametrize("file", FILES)
def test_every_film_is_described_and_its_pictures_credited(file: str) -> None:
    film = next(film for film in PLAN["film"] if film["file"] == file)
    assert f"| `{file}` |" in README
    for shot in film.get("shot", []):
        credit = next(
            row for row in README.splitlines() if row.startswith(f"| `{shot['picture']}`")
        )
        assert f"`{file}`" in credit


@needs_ffprobe
@pytest.mark.parametrize("file", FILES)
def test_facts_are_what_ffprobe_states(file: str) -> None:
    facts = truth_of(file)["facts"]
    found = ffprobe(file, "-show_streams", "-show_format")
    kinds = [stream["codec_type"] for stream in found["streams"]]
    assert kinds == ["video"] * facts["picture"] + ["audio"] * facts["sound"]
    assert float(found["format"]["start_time"]) == pytest.approx(facts["start_time"], abs=1e-3)
    if not facts["picture"]:
        return
    picture = found["streams"][0]
    turn = sum(data.get("rotation", 0) for data in picture.get("side_data_list", []))
    assert turn % 360 == facts["rotation"]
    shown = [facts["width"], facts["height"]]
    coded = shown[::-1] if facts["rotation"] in {90, 270} else shown
    assert [picture["width"], picture["height"]] == coded
    assert Fraction(picture["avg_frame_rate"]) == Fraction(facts["rate"])
    assert picture["pix_fmt"] == "yuv420p"


@needs_ffprobe
@pytest.mark.parametrize("file", FILES)
def test_duration_and_frames_are_what_the_packets_say(file: str) -> None:
    truth = truth_of(file)
    stream = "v:0" if truth["facts"]["picture"] else "a:0"
    packets = ffprobe(
        file, "-select_streams", stream, "-show_entries", "packet=pts_time,duration_time"
    )["packets"]
    times = sorted(float(packet["pts_time"]) for packet in packets)
    step = max(b - a for a, b in pairwise(times))
    assert times[-1] - truth["facts"]["start_time"] < truth["duration"] + 1e-3
    assert times[-1] + step - truth["facts"]["start_time"] > truth["duration"] - 1e-3
    if truth["facts"]["picture"]:
        steps = {round(b - a, 2) for a, b in pairwise(times)}
        assert len(times) == truth["facts"]["frames"]
        assert (len(steps) > 1) == truth["facts"]["rate_varies"]


@pytest.mark.parametrize("file", [file for file in FILES if truth_of(file)["shots"]])
def test_cuts_are_on_the_frames_that_the_truth_names(file: str) -> None:
    shots = truth_of(file)["shots"]
    assert cuts_in(file) == pytest.approx([start for start, _ in shots[1:]], abs=2e-3)


@pytest.mark.parametrize("file", FILES)
def test_spans_lie_in_order_inside_the_duration(file: str) -> None:
    truth = truth_of(file)
    for kind in ("seen", "said", "written"):
        times = [time for span in truth[kind] for time in (span["start"], span["end"])]
        assert times == sorted(times)
        assert all(0 <= time <= truth["duration"] for time in times)
    ends = [time for shot in truth["shots"] for time in shot]
    assert ends[2::2] == ends[1:-1:2]
    assert not ends or [ends[0], ends[-1]] == [0, truth["duration"]]


def test_chinese_speech_stands_in_the_subtitles_beside_the_film() -> None:
    subtitles = (MEDIA / "travel.zh.srt").read_text(encoding="utf-8")
    said = truth_of("travel.mp4")["said"]
    assert {line["language"] for line in said} == {"zh"}
    assert subtitles.splitlines()[2::4] == [line["text"] for line in said]


@needs_ffprobe
def test_the_library_has_what_is_awkward() -> None:
    facts = [truth_of(file)["facts"] for file in FILES]
    assert any(fact.get("rotation") for fact in facts)
    assert any(fact.get("rate_varies") for fact in facts)
    assert any(fact["start_time"] for fact in facts)
    assert not all(fact["picture"] for fact in facts)
    assert not all(fact["sound"] for fact in facts)
    found = ffprobe("travel.mp4", "-select_streams", "v:0", "-show_streams")
    assert found["streams"][0]["has_b_frames"] > 0


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query["id"])
def test_queries_are_answered_by_spans_of_the_truth(query: dict[str, Any]) -> None:
    kinds = {"frame": "seen", "asr": "said", "ocr": "written"}
    assert query["lang"] in {"en", "zh"}
    assert bool(query["relevant"]) == (query["modality"] in kinds)
    for answer in query["relevant"]:
        spans = truth_of(answer["video"])[kinds[query["modality"]]]
        assert (answer["start"], answer["end"]) in {(span["start"], span["end"]) for span in spans}
