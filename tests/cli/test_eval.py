"""How right the answers are, as a person finds out: vidcut eval."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from vidcut import Library, evaluation, truth
from vidcut.cli.figures import TITLE

QUERIES = Path(__file__).resolve().parents[2] / "sample_media" / "queries.jsonl"
GROUP_KEYS = {
    *("modality", "language", "answerable", "unanswerable", "hit_1", "hit_5"),
    *("recall_1", "recall_5", "mean_average_precision", "silence"),
    *("start_mean", "start_median", "end_mean", "end_median"),
}


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """A library of one's own to write to."""
    shutil.copytree(home / ".vidcut", tmp_path / ".vidcut")
    return tmp_path


def query(name: str, words: str, *relevant: tuple[str, float, float]) -> str:
    spans = [{"video": video, "start": start, "end": end} for video, start, end in relevant]
    return json.dumps({"id": name, "query": words, "relevant": spans}) + "\n"


COFFEE = query("c", "a cup of coffee", ("cafe.webm", 0, 6), ("cafe.webm", 11, 17))


def test_sample_queries_are_judged_by_modality_and_language(home: Path, vidcut: Any) -> None:
    done = vidcut("eval", QUERIES, "--json", "--offline", cwd=home)
    assert done.code == 0, done.err
    groups = {(one["modality"], one["language"]): one for one in done.lines()}
    assert all(set(group) == GROUP_KEYS for group in groups.values())
    assert set(groups) == {
        (modality, language)
        for modality in ("frame", "asr", "ocr", "none", "all")
        for language in ("en", "zh", "all")
    }
    everything = groups["all", "all"]
    assert (everything["answerable"], everything["unanswerable"]) == (12, 2)
    assert everything["hit_5"] >= 0.75
    assert groups["asr", "all"]["hit_5"] == 1
    assert 0 <= groups["asr", "all"]["start_median"] < 1.5
    assert groups["none", "all"]["hit_1"] is None
    assert groups["asr", "all"]["silence"] is None
    assert done.err.startswith("a warm search takes ")


def test_each_query_tells_what_it_found(home: Path, vidcut: Any) -> None:
    lines = [*QUERIES.read_text("utf-8").splitlines(), ""]
    done = vidcut("eval", "-", "--per-query", "--json", "-q", stdin="\r\n".join(lines), cwd=home)
    assert (done.code, done.err) == (0, "")
    queries = {one["id"]: one for one in done.lines() if "id" in one}
    assert len(queries) == 14
    said = queries["s07"]
    assert (said["query"], said["language"], said["modality"]) == ("吃火锅", "zh", "asr")
    assert said["relevant"] == [{"video": "films/travel.mp4", "start": 19.3, "end": 22.6}]
    first = said["moments"][0]
    assert first["video"] == "films/travel.mp4"
    assert first["hit"]
    assert first["start"] - 19.3 == pytest.approx(first["start_off"])
    assert first["end"] - 22.6 == pytest.approx(first["end_off"])
    assert all(moment["start_off"] is None for moment in queries["s13"]["moments"])


def test_in_a_pipe_it_is_rows_of_cells(home: Path, vidcut: Any) -> None:
    done = vidcut("eval", QUERIES, "--per-query", cwd=home)
    queries, groups = (part.splitlines() for part in done.out.split("\n\n"))
    assert {len(row.split("\t")) for row in groups} == {len(TITLE)}
    assert {len(row.split("\t")) for row in queries} == {7}
    assert groups[-1].startswith("all\tall\t12+2\t")


def test_the_halves_make_the_whole(home: Path, vidcut: Any) -> None:
    asked = set()
    for half in truth.Half:
        options = ("--half", half, "--per-query", "--json")
        found = [one for one in vidcut("eval", QUERIES, *options, cwd=home).lines() if "id" in one]
        assert {one["half"] for one in found} == {half}
        asked |= {one["id"] for one in found}
    assert len(asked) == 14


def test_deeper_is_no_less(home: Path, vidcut: Any) -> None:
    sums = [
        vidcut("eval", QUERIES, "-k", depth, "--min-score", "0", "--json", cwd=home).lines()[-1]
        for depth in ("5", "50")
    ]
    assert sums[0]["hit_5"] == sums[1]["hit_5"]
    assert sums[0]["mean_average_precision"] <= sums[1]["mean_average_precision"]


def test_leaving_out_what_scores_less_is_searching_for_more(home: Path) -> None:
    """So a threshold can be chosen by searching once, with none."""
    asked = truth.read(QUERIES.read_text("utf-8").split("\n"))
    with Library(home, offline=True) as library:
        for labelled in asked:
            found = evaluation.judge(labelled, library.search(labelled.query, min_score=0))
            for least in (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95):
                searched = library.search(labelled.query, min_score=least)
                assert evaluation.above(found, least) == evaluation.judge(labelled, searched)


def test_a_chosen_threshold_is_kept_and_in_force(own: Path, vidcut: Any) -> None:
    (own / ".vidcut" / "config.toml").write_text('# mine\nasr = "never"\n')
    idle = [("n1", "quarterly interest rates of the central bank"), ("n2", "qxzw vbnm")]
    asked = COFFEE + query("h", "吃火锅", ("travel.mp4", 19.3, 22.6))
    asked += "".join(query(*one) for one in idle)
    done = vidcut("eval", "-", "--calibrate", "--json", stdin=asked, cwd=own)
    assert done.code == 0, done.err
    *_, sums, choice = done.lines()
    least = choice["min_score"]
    assert 0 < least <= 1
    assert choice["chosen_on"] == "all"
    assert Path(choice["kept_in"]).read_text().startswith('# mine\nasr = "never"\nmin_score = ')
    assert tomllib.loads(Path(choice["kept_in"]).read_text())["min_score"] == least
    (fact,) = choice["halves"]
    assert (fact["hit_5_before"], fact["hit_5"], fact["silence"]) == (1, 1, 1)
    assert fact["silence"] > fact["silence_before"]
    assert (sums["hit_5"], sums["silence"]) == (1, 1)
    again = vidcut("eval", "-", "--json", stdin=asked, cwd=own).lines()[-1]
    assert again == sums
    assert vidcut("search", idle[0][1], "-n", cwd=own).code == 1


def test_many_queries_are_chosen_on_one_half_and_told_on_both(own: Path, vidcut: Any) -> None:
    asked = "".join(
        query(f"c{n}", "a cup of coffee", ("cafe.webm", 0, 6), ("cafe.webm", 11, 17))
        + query(f"n{n}", "quarterly interest rates of the central bank")
        for n in range(12)
    )
    done = vidcut("eval", "-", "--calibrate", "--json", stdin=asked, cwd=own)
    assert done.code == 0, done.err
    choice = done.lines()[-1]
    assert choice["chosen_on"] == "tuned"
    assert [fact["half"] for fact in choice["halves"]] == ["tuned", "held-out"]
    assert sum(fact["answerable"] for fact in choice["halves"]) == 12
    assert sum(fact["unanswerable"] for fact in choice["halves"]) == 12
    outweighed = vidcut("eval", "-", "--calibrate", stdin=asked, cwd=own, VIDCUT_MIN_SCORE="0.9")
    assert "VIDCUT_MIN_SCORE is set and outweighs it" in outweighed.err
    assert [row.split("\t")[0] for row in outweighed.out.split("\n\n")[-1].splitlines()] == [
        *("tuned", "held-out")
    ]


def _fails(done: Any, code: int, message: str) -> None:
    assert done.code == code, done.err
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("vidcut: ")
    assert message in line


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (COFFEE + "{", (), "line 2 of the queries is not JSON"),
        ("", (), "there is no query to judge by"),
        (query("q", "a cat", ("lion.mp4", 0, 1)), (), "the library has no video lion.mp4"),
        (query("q", "\x07"), (), "query q: the query holds a control character"),
        (COFFEE, ("--calibrate",), "no query is without an answer"),
        (COFFEE, ("--calibrate", "--min-score", "0.1"), "leave --min-score and --half out"),
        (COFFEE, ("--calibrate", "--half", "tuned"), "leave --min-score and --half out"),
        (COFFEE, ("-k", "4"), "4 is not in the range x>=5"),
    ],
)
def test_bad_queries_exit_2(
    text: str, options: tuple[str, ...], message: str, home: Path, vidcut: Any
) -> None:
    _fails(vidcut("eval", "-", *options, stdin=text, cwd=home), 2, message)


def test_a_half_without_queries_exits_2(home: Path, vidcut: Any) -> None:
    (asked,) = truth.read([COFFEE])
    (other,) = set(truth.Half) - {asked.half}
    assert vidcut("eval", "-", "--half", asked.half, stdin=COFFEE, cwd=home).code == 0
    done = vidcut("eval", "-", "--half", other, stdin=COFFEE, cwd=home)
    _fails(done, 2, f"no query is in the {other} half")


def test_files_that_are_no_queries_exit_2(home: Path, tmp_path: Path, vidcut: Any) -> None:
    _fails(vidcut("eval", tmp_path / "none", cwd=home), 2, "cannot be read")
    _fails(vidcut("eval", tmp_path, cwd=home), 2, "cannot be read")
    (tmp_path / "latin").write_bytes(b'{"query": "caf\xe9", "relevant": []}\n')
    _fails(vidcut("eval", tmp_path / "latin", cwd=home), 2, "is not UTF-8")
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf" + COFFEE.encode())
    assert vidcut("eval", tmp_path / "marked", cwd=home).code == 0


def test_no_library_exits_4(tmp_path: Path, vidcut: Any) -> None:
    _fails(vidcut("eval", "-", stdin=COFFEE, cwd=tmp_path), 4, ".vidcut")


def test_a_video_that_is_gone_is_told(own: Path, vidcut: Any) -> None:
    vidcut("index", ".", cwd=own)
    assert len(vidcut("ls", "--missing", cwd=own).out.splitlines()) == 5
    done = vidcut("eval", "-", stdin=COFFEE, cwd=own)
    assert done.code == 0, done.err
    assert "films/cafe.webm is missing: what is relevant in it is not found" in done.err
