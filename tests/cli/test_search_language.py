"""What a query may say, and where it may come from: the grammar's every line on real films."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from vidcut import cli, plugins
from vidcut.errors import UsageError
from vidcut.query import GRAMMAR, MAX_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidcut.protocols import Frame

    Found = dict[str, Any]
    Answers = dict[str, list[Found]]

SURE = 0.5
"""A score that no chance likeness of the sample films has."""

EXACT = [
    '"launch pad"',
    "“launch pad”",
    "\uff02launch pad\uff02",
    "「launch pad」",
    '"Launch,  PAD!"',
]
ONE_PLACE = {"said": "asr", "written": "ocr", "shown": "frame"}
IN_ORDER = [f"written:launch {sign} said:galaxy" for sign in (">>", "\uff1e\uff1e", "》》")]
QUERIES = [
    *EXACT,
    *IN_ORDER,
    '"pad launch"',
    'said:"launch pad"',
    "fish market",
    "said:galaxy",
    "said：galaxy",
    "SAID:galaxy",
    "written:coffee",
    "written:espresso",
    "shown:rocket",
    "launch",
    "launch -said:launch",
    "launch -written:launch",
    "launch -said:launch -written:launch",
    "火锅",
    "火鍋",
    "火锅 -眼泪",
    '火锅 -said:"eye tears"',
    "shown:cat + flower",
    "shown:flower - cat",
    "20:cat flower",
    "cat 20:flower",
    "cat \uff12\uff10\uff1aflower",
    "said:galaxy written:launch",
    '"galaxy" "launch"',
    "said:galaxy >> written:launch",
    "written:launch>>said:galaxy",
    "shown:coffee >> said:coins >> said:window",
    "😀 fish market",
]


@pytest.fixture(scope="module")
def answers(home: Path, vidcut: Any) -> Answers:
    """What each of the queries finds, asked of one process."""
    done = vidcut("search", "-n", "--json", "-f", "-", cwd=home, stdin="\n".join(QUERIES))
    assert done.code == 0, done.err
    found: Answers = {query: [] for query in QUERIES}
    for moment in done.lines():
        assert QUERIES[moment["line"] - 1] == moment["query"]
        found[moment["query"]].append(moment)
    return found


@pytest.fixture(scope="module")
def pictures(home: Path) -> Iterator[Path]:
    """A folder of the library's owner with pictures, some of them none; gone afterwards."""
    reader = plugins.load("readers", "pyav").create()
    folder = home / "pictures"
    folder.mkdir()

    def save(film: str, second: int, name: str) -> None:
        frame: Frame = next(f for f in reader.frames(home / film) if f.time_us >= second * 1e6)
        Image.fromarray(frame.picture(480)).save(folder / name)

    save("films/cafe.webm", 14, "cup.jpg")
    save("films/cafe.webm", 8, "old coins - silver.png")
    save("films/space.mkv", 10, "rocket.webp")
    whole = (folder / "cup.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("a picture of nothing")
    shutil.copy(home / "films" / "pets.mp4", folder / "film.jpg")
    os.mkfifo(folder / "pipe.jpg")
    yield folder
    shutil.rmtree(folder)


def _shows(moment: Found, film: str, start: float, end: float) -> bool:
    """Whether a moment lies in a stretch of a film for the most part; seconds."""
    shared = min(moment["end"], end) - max(moment["start"], start)
    length = moment["end"] - moment["start"]
    return Path(moment["video"]).name == film and shared > length / 2


def _places(moments: list[Found]) -> list[tuple[str, float, float]]:
    return [(moment["video"], moment["start"], moment["end"]) for moment in moments]


def _texts(moments: list[Found], modality: str) -> str:
    return " ".join(
        evidence["text"].casefold()
        for moment in moments
        for evidence in moment["evidence"]
        if evidence["modality"] == modality
    )


def _error(done: Any) -> str:
    """The one line that says what was wrong; nothing else was printed."""
    assert done.code == 2, done.err
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("vidcut: ")
    return str(line)


# The grammar, line by line ------------------------------------------------------------


def test_plain_words_are_sought_in_all_that_is_seen_said_or_written(answers: Answers) -> None:
    assert _shows(answers["fish market"][0], "voice-note.m4a", 3.5, 7.2)
    assert _shows(answers["火锅"][0], "travel.mp4", 19.0, 23.0)
    assert _places(answers["火鍋"])[:1] == _places(answers["火锅"])[:1]
    assert _places(answers["😀 fish market"])[:1] == _places(answers["fish market"])[:1]


@pytest.mark.parametrize("query", EXACT)
def test_quotes_of_every_kind_find_word_for_word(query: str, answers: Answers) -> None:
    (moment,) = answers[query]
    assert _shows(moment, "space.mkv", 7.6, 11.1)
    assert moment["score"] == 1.0


def test_quoted_words_in_another_order_or_place_are_not_there(answers: Answers) -> None:
    assert answers['"pad launch"'] == []
    assert answers['said:"launch pad"'] == []


@pytest.mark.parametrize("query", ["said:galaxy", "written:espresso", "shown:rocket"])
def test_a_place_before_the_colon_is_the_only_one(query: str, answers: Answers) -> None:
    evidence = {e["modality"] for moment in answers[query] for e in moment["evidence"]}
    assert evidence == {ONE_PLACE[query.partition(":")[0]]}


def test_colons_and_letters_of_any_width_and_case_are_the_same(answers: Answers) -> None:
    assert _places(answers["said：galaxy"]) == _places(answers["said:galaxy"])
    assert _places(answers["SAID:galaxy"]) == _places(answers["said:galaxy"])
    assert _places(answers["cat \uff12\uff10\uff1aflower"]) == _places(answers["cat 20:flower"])


def test_what_is_said_is_not_what_is_written(answers: Answers) -> None:
    assert all(moment["score"] < SURE for moment in answers["written:coffee"])
    assert answers["written:espresso"][0]["score"] > SURE


def test_words_with_a_minus_are_in_no_answer(answers: Answers) -> None:
    assert "launch" in _texts(answers["launch"], "asr")
    assert "launch" in _texts(answers["launch"], "ocr")
    assert "launch" not in _texts(answers["launch -said:launch"], "asr")
    assert "launch" in _texts(answers["launch -said:launch"], "ocr")
    assert "launch" not in _texts(answers["launch -written:launch"], "ocr")
    assert "launch" in _texts(answers["launch -written:launch"], "asr")
    neither = answers["launch -said:launch -written:launch"]
    assert "launch" not in _texts(neither, "asr") + _texts(neither, "ocr")


def test_a_minus_takes_away_only_what_has_it(answers: Answers) -> None:
    assert not any(_shows(m, "travel.mp4", 19.2, 22.7) for m in answers["火锅 -眼泪"])
    assert _places(answers['火锅 -said:"eye tears"'])[:1] == _places(answers["火锅"])[:1]


def test_a_heavy_word_leads(answers: Answers) -> None:
    assert Path(answers["20:cat flower"][0]["video"]).name == "pets.mp4"
    assert not _shows(answers["20:cat flower"][0], "pets.mp4", 5, 8)
    flower = answers["cat 20:flower"][0]
    assert _shows(flower, "pets.mp4", 5, 8) or _shows(flower, "travel.mp4", 10, 15)


def test_what_is_taken_away_in_an_algebra_is_not_the_answer(answers: Answers) -> None:
    best = answers["shown:flower - cat"][0]
    assert _shows(best, "pets.mp4", 5, 8) or _shows(best, "travel.mp4", 10, 15)
    cat = [m for m in answers["shown:flower - cat"] if Path(m["video"]).name == "pets.mp4"]
    assert all(_shows(moment, "pets.mp4", 5, 8) for moment in cat)


def test_several_things_are_each_a_share_of_the_score(answers: Answers) -> None:
    found = answers["said:galaxy written:launch"]
    assert [round(moment["score"], 2) for moment in found[:2]] == [0.5, 0.5]
    assert {e["modality"] for moment in found[:2] for e in moment["evidence"]} == {"asr", "ocr"}
    assert answers['"galaxy" "launch"'] == []  # each must be there


@pytest.mark.parametrize("query", [*IN_ORDER, "written:launch>>said:galaxy"])
def test_one_thing_after_the_other_is_one_moment(query: str, answers: Answers) -> None:
    (moment,) = answers[query]
    assert moment["start"] == pytest.approx(8, abs=0.8)
    assert moment["end"] == pytest.approx(16, abs=0.8)
    assert [e["modality"] for e in moment["evidence"]] == ["ocr", "asr"]


def test_order_matters(answers: Answers) -> None:
    assert answers["said:galaxy >> written:launch"] == []
    (chain,) = answers["shown:coffee >> said:coins >> said:window"]
    assert (chain["start"], chain["end"]) == pytest.approx((0, 15), abs=1.5)


def test_the_language_is_told_by_the_command(vidcut: Any) -> None:
    done = vidcut("search", "--help-query")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["\t".join(row) for row in GRAMMAR]


# Queries that say nothing, or too much ------------------------------------------------


@pytest.fixture
def refusal(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """How a search is refused; in this process, for there are many."""
    monkeypatch.chdir(home)

    def refuse(*arguments: str) -> str:
        with pytest.raises(UsageError) as caught:
            cli.app(["search"])(["search", "-n", *arguments], standalone_mode=False)
        assert capsys.readouterr().out == ""
        return str(caught.value)

    return refuse


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("😀😀", "no letter or digit"),
        ('say "hello', "not closed"),
        ("「你好", "not closed"),
        ("-cat -dog", "only takes away"),
        ("cat -", "nothing on one side"),
        ("cat >>", "one side of >>"),
        (">>".join("a" * (MAX_STEPS + 1)), f"at most {MAX_STEPS}"),
        ("said: galaxy", "without a space"),
        ("0:cat", "no weight"),
        ("said:./cup.jpg", "leave the prefix out"),
        ("bell \x07", "U+0007"),
    ],
)
def test_a_broken_query_is_told_of_with_a_remedy(
    query: str, words: str, refusal: Callable[..., str]
) -> None:
    assert words in refusal("--", query)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x", "--within", "soon"), "--within soon"),
        (("x", "--within", "-1s"), "no length"),
        (("x", "--min-length", "5s", "--max-length", "2s"), "min <= max"),
        (("x", "--max-length", "0"), "min <= max"),
        (("--feedback", "1"), "signs"),
        (("--feedback", "+0"), "signs"),
        (("--feedback", "+2 -2"), "at once"),
        (("--like", "travel.mp4"), "a time in it"),
        (("--like", "gone.mp4@1"), "vidcut ls"),
        (("--like", "travel.mp4@1:03"), "lasts 23.000 s"),
        (("--like", "voice-note.m4a@2"), "nothing is seen"),
        (("--like", "travel.mp4@5", "--in", "asr"), "add frame"),
        (("--in", "ocr", "said:cat"), "leaves nothing"),
        (("--in", "frame", '"cat"'), "leaves nothing"),
        (("--image", "pictures/gone.jpg"), "No such file"),
        (("--image", "pictures"), "not a file"),
        (("--image", "pictures/pipe.jpg"), "not a file"),
        (("--image", "pictures/half.jpg"), "damaged"),
        (("--image", "pictures/empty.jpg"), "not a picture"),
        (("--image", "pictures/film.jpg"), "not a picture"),
        (("./pictures/text.jpg",), "not a picture"),
        (("cup + ./pictures/gone.jpg",), "No such file"),
        (("./pictures/gone for good.jpg",), "gone for good.jpg"),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_an_option_that_means_nothing_is_told_of(
    arguments: tuple[str, ...], words: str, refusal: Callable[..., str]
) -> None:
    assert words in refusal(*arguments)


def test_a_refusal_is_one_line_of_the_process(home: Path, vidcut: Any) -> None:
    assert "only takes away" in _error(vidcut("search", "--", "-x", cwd=home))


def test_a_long_query_is_not_repeated_in_full(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "-n", "zxqv " * 30, cwd=home)
    assert (done.code, done.out) == (1, "")
    assert "nothing matches" in done.err
    assert len(done.err) < 120


# Options ------------------------------------------------------------------------------


@pytest.mark.parametrize(("within", "code"), [("0s", 1), ("1s", 1), ("0:30", 0)])
def test_within_is_how_soon_the_second_follows(
    within: str, code: int, home: Path, vidcut: Any
) -> None:
    assert vidcut("search", "-n", IN_ORDER[0], "--within", within, cwd=home).code == code


def test_lengths_and_shares_of_videos_are_kept_to(home: Path, vidcut: Any) -> None:
    bounds = ("--min-length", "2s", "--max-length", "3.5s", "--per-video", "1")
    done = vidcut("search", "-n", "--json", "launch", "--min-score", "0", *bounds, cwd=home)
    found = done.lines()
    assert len({moment["video"] for moment in found}) == len(found) > 1
    for moment in found:
        assert 1.999 <= moment["end"] - moment["start"] <= 3.501, moment


# Pictures and moments as examples -----------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "start", "end"),
    [
        (("--image", "pictures/old coins - silver.png"), 6, 11),
        (("./pictures/old coins - silver.png",), 6, 11),
        (("2:espresso cup", "+", "./pictures/cup.jpg", "-", "coins"), 0, 17),
        (("./pictures/cup.jpg - coins",), 11, 17),
        (('./pictures/cup.jpg - "./pictures/old coins - silver.png"',), 11, 17),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_a_picture_finds_what_looks_like_it(
    arguments: tuple[str, ...], start: float, end: float, home: Path, vidcut: Any
) -> None:
    done = vidcut("search", "-n", "--json", "-k", "1", *arguments, cwd=home)
    (moment,) = done.lines()
    assert _shows(moment, "cafe.webm", start, end)
    assert {e["modality"] for e in moment["evidence"]} == {"frame"}
    assert not _shows(moment, "cafe.webm", 6, 11) or start == 6  # never the coins of the minus


@pytest.mark.usefixtures("pictures")
def test_one_picture_after_another(home: Path, vidcut: Any) -> None:
    coins = '"./pictures/old coins - silver.png"'
    query = f"./pictures/cup.jpg >> {coins}"
    (moment,) = vidcut("search", "-n", "--json", query, cwd=home).lines()
    assert Path(moment["video"]).name == "cafe.webm"
    assert (moment["start"], moment["end"]) == pytest.approx((0, 11), abs=1)


@pytest.mark.usefixtures("pictures")
def test_a_picture_that_was_taken_for_a_word_is_told_of(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "-n", "pictures/cup.jpg", "--min-score", "0.9", cwd=home)
    assert (done.code, done.out) == (1, "")
    assert "--image pictures/cup.jpg" in done.err


def test_like_finds_the_same_thing_elsewhere(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "-n", "--json", "--like", "travel.mp4@0:12.5s", cwd=home)
    assert any(_shows(moment, "pets.mp4", 5, 8) for moment in done.lines()), done.out


def test_like_takes_a_file_that_the_library_does_not_know(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    shutil.copy(home / "films" / "pets.mp4", tmp_path / "mine@home.mp4")
    like = f"{tmp_path}/mine@home.mp4@2"
    (moment,) = vidcut("search", "-n", "--json", "-k", "1", "--like", like, cwd=home).lines()
    assert _shows(moment, "pets.mp4", 0, 5)


# Refining -----------------------------------------------------------------------------


@pytest.fixture
def refine(home: Path, tmp_path: Path, vidcut: Any) -> Callable[..., Any]:
    """A search of the library in a state folder of its own."""

    def search(*arguments: str) -> Any:
        options = ("-n", "--json", *arguments)
        return vidcut("search", *options, cwd=home, XDG_STATE_HOME=str(tmp_path / "state"))

    return search


def test_feedback_wants_a_search_and_ranks_that_it_showed(refine: Callable[..., Any]) -> None:
    assert "search first" in _error(refine("--feedback", "+1"))
    assert refine("said:galaxy", "-k", "1").code == 0
    assert "did not show a moment 9" in _error(refine("--feedback", "+9"))
    (moment,) = refine("--feedback", "+1", "-k", "1").lines()
    assert moment["query"] == "said:galaxy"
    assert refine("zxqv").code == 1
    assert refine("--feedback", "+1").code == 0  # of the last search that found something


def test_feedback_leaves_out_what_was_wrong_for_good(refine: Callable[..., Any]) -> None:
    first = refine("launch").lines()
    wrong = _places(first)[:1]
    again = refine("--feedback", "-1").lines()
    assert not set(wrong) & set(_places(again))
    wrong += _places(again)[:1]
    third = refine("--feedback", "-1").lines()
    assert not set(wrong) & set(_places(third))


def test_feedback_with_new_words_keeps_what_was_said_of_the_answers(
    refine: Callable[..., Any],
) -> None:
    wrong = _places(refine("said:coffee").lines())
    done = refine("--feedback", "-1", "coffee beans", "--in", "asr")
    assert not set(wrong) & set(_places(done.lines()))
    assert all(moment["query"] == "coffee beans" for moment in done.lines())


def test_each_library_has_its_own_last_search(
    refine: Callable[..., Any], home: Path, tmp_path: Path, vidcut: Any
) -> None:
    shutil.copy(home / "films" / "voice-note.m4a", tmp_path)
    other = ("--library", str(tmp_path / "other"))
    films = str(tmp_path / "voice-note.m4a")
    indexed = vidcut("index", films, "--offline", "--visual-model", "labels", *other, cwd=tmp_path)
    assert indexed.code == 0, indexed.err
    assert refine("said:galaxy").code == 0
    assert "search first" in _error(refine("--feedback", "+1", *other))
    assert refine("fish market", *other).code == 0
    assert refine("--feedback", "+1").lines()[0]["query"] == "said:galaxy"


def test_a_search_that_cannot_be_remembered_is_answered(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "-n", "--json", "said:galaxy", cwd=home, XDG_STATE_HOME="/dev/null")
    assert done.code == 0
    assert len(done.lines()) == 1
    verbose = vidcut("search", "-nv", "--json", "said:galaxy", cwd=home, XDG_STATE_HOME="/dev/null")
    assert "cannot be refined" in verbose.err


# Queries from a file ------------------------------------------------------------------


def test_a_file_of_queries_is_read_as_editors_write_it(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    (tmp_path / "q").write_bytes("\ufeffsaid:galaxy\r\n\r\nzxqv\rsaid:fish\u2028market".encode())
    done = vidcut("search", "-n", "--json", "-f", tmp_path / "q", cwd=home)
    assert done.code == 0
    lines = [moment["line"] for moment in done.lines()]
    assert lines[0] == 1
    assert set(lines) == {1, 4}
    assert "line 3: nothing matches 'zxqv'" in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no query"),
        (b" \n\r\n\t", "holds no query"),
        (b"galaxy\n\xff\xfe\x00", "no text in UTF-8"),
        (b"galaxy\nga\0laxy\n", "line 2: the query holds a control character"),
        (b'galaxy\n\n"open\n', "line 3: a quote"),
        (b"x" * 3000, "line 1: the query has 3000 characters"),
        (b"x\n" * 5_000_001, "10 MB"),
        (None, "No such file"),
    ],
    ids=["empty", "blank", "binary", "nul", "broken", "long", "huge", "missing"],
)
def test_a_file_that_is_no_list_of_queries_is_refused_before_any_is_answered(
    content: bytes | None, words: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    if content is not None:
        (tmp_path / "q").write_bytes(content)
    assert words in refusal("-f", str(tmp_path / "q"))


@pytest.mark.parametrize("other", [("words",), ("--image", "x.jpg"), ("--feedback", "+1")])
def test_a_file_brings_all_the_queries(
    other: tuple[str, ...], tmp_path: Path, refusal: Callable[..., str]
) -> None:
    (tmp_path / "q").write_text("galaxy")
    assert "leave out" in refusal("-f", str(tmp_path / "q"), *other)


def test_stdin_is_called_by_its_name(home: Path, vidcut: Any) -> None:
    assert "stdin holds no query" in _error(vidcut("search", "-f", "-", cwd=home))
    assert "stdin, line 2" in _error(vidcut("search", "-f", "-", cwd=home, stdin='cat\n"\n'))


def test_each_query_of_a_file_has_its_clips(home: Path, tmp_path: Path, vidcut: Any) -> None:
    queries = "said:galaxy\nwritten:launch\nzxqv\n"
    options = ("-f", "-", "-k", "1", "-o", tmp_path, "--print", "path", "-0")
    done = vidcut("search", *options, cwd=home, stdin=queries)
    assert done.code == 0
    clips = [Path(name) for name in done.out.split("\0")[:-1]]
    assert [clip.parent.name for clip in clips] == ["said-galaxy", "written-launch"]
    assert all(clip.is_file() for clip in clips)


def test_rows_of_a_file_begin_with_the_line(home: Path, vidcut: Any) -> None:
    options = ("-n", "-k", "1", "-f", "-")
    for form in ((), ("--print", "tsv")):
        done = vidcut("search", *options, *form, cwd=home, stdin="\nsaid:galaxy\nshown:cat\n")
        rows = [line.split("\t") for line in done.out.splitlines()]
        assert [row[:2] for row in rows] == [["2", "1"], ["3", "1"]]
        assert done.err.count("offline model") == 1


def test_a_terminal_shows_the_lines_of_a_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "q").write_text("zxqv\nsaid:galaxy")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "vidcut", "search", "-n", "-f", tmp_path / "q"],
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux says so when the other side is closed
            pass
        assert process.wait() == 0
    os.close(ours)
    title, first, *_ = shown.decode().splitlines()
    assert "line" in title
    assert first.split()[:3] == ["2", "1", "films/space.mkv"]
    assert "\x1b[1;33mgalaxy\x1b[0m" in shown.decode()
