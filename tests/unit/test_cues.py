"""Subtitle files: found beside a video, read whatever their encoding, made into chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vidcut.errors import MediaError
from vidcut.modalities import _cues
from vidcut.modalities._cues import Sidecars, drafts, read
from vidcut.records import SECOND_US, Cue, Span

if TYPE_CHECKING:
    from pathlib import Path

CHINESE = """\
1
00:00:01,000 --> 00:00:03,000
湖边有一座古老的塔

2
00:00:04,000 --> 00:00:06,000
我们在这里吃火锅，味道非常好
"""
SHORT_CHINESE = "1\n00:00:01,000 --> 00:00:03,000\n今天吃火锅，很好吃，我们都喜欢\n"
KOREAN = "1\n00:00:01,000 --> 00:00:03,000\n오늘은 친구들과 함께 점심을 먹으러 갑니다\n"
RUSSIAN = "Старая башня стоит у озера"  # noqa: RUF001  (Cyrillic on purpose)
FRENCH = "Le château près du lac est très élevé"
POLISH = "Stara wieża stoi nad jeziorem, chodźmy coś zjeść"


def cue(start_s: float, end_s: float, text: str) -> Cue:
    return Cue(Span(int(start_s * SECOND_US), int(end_s * SECOND_US)), text)


def joined(*cues: Cue, language: str | None = None) -> list[str | None]:
    return [draft.text for draft in drafts(cues, language=language)]


class TestSidecar:
    @pytest.mark.parametrize(
        "name",
        ["clip.srt", "clip.SRT", "clip.zh.srt", "clip.en-US.vtt", "clip.ass", "clip.mp4.vtt"],
    )
    def test_is_found(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        assert Sidecars().sidecar(tmp_path / "clip.mp4") == tmp_path / name

    @pytest.mark.parametrize(
        "name",
        ["clip2.srt", "clip.txt", "clip.part one.srt", "other.srt", "clip.srt.bak", "lip.srt"],
    )
    def test_of_another_file_is_left(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        assert Sidecars().sidecar(tmp_path / "clip.mp4") is None

    def test_with_the_plain_name_and_the_simpler_form_is_first(self, tmp_path: Path) -> None:
        for name in ("clip.en.srt", "clip.ass", "clip.vtt"):
            (tmp_path / name).touch()
        assert Sidecars().sidecar(tmp_path / "clip.mp4") == tmp_path / "clip.vtt"

    def test_that_is_no_file_is_left(self, tmp_path: Path) -> None:
        (tmp_path / "clip.srt").mkdir()
        assert Sidecars().sidecar(tmp_path / "clip.mp4") is None
        assert Sidecars().sidecar(tmp_path / "no folder" / "clip.mp4") is None

    def test_is_found_for_each_of_many_clips(self, tmp_path: Path) -> None:
        for name in ("a.srt", "b.zh.srt", "b.mp4.vtt"):
            (tmp_path / name).touch()
        beside = Sidecars()
        found = [beside.sidecar(tmp_path / f"{stem}.mp4") for stem in "abc"]
        assert found == [tmp_path / "a.srt", tmp_path / "b.mp4.vtt", None]

    def test_that_is_gone_since_is_left(self, tmp_path: Path) -> None:
        file = tmp_path / "clip.srt"
        file.touch()
        beside = Sidecars()
        assert beside.sidecar(tmp_path / "clip.mp4") == file
        file.unlink()
        assert beside.sidecar(tmp_path / "clip.mp4") is None


class TestRead:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gbk", "gb18030", "big5"]
    )
    def test_chinese_in_any_encoding(self, tmp_path: Path, encoding: str) -> None:
        text = CHINESE
        if encoding == "big5":
            text = text.translate(str.maketrans("边有们这里锅", "邊有們這裡鍋"))
        file = tmp_path / "clip.srt"
        file.write_bytes(text.encode(encoding))
        first, second = read(file)
        assert first.text in {"湖边有一座古老的塔", "湖邊有一座古老的塔"}
        assert second.span == Span(4 * SECOND_US, 6 * SECOND_US)

    @pytest.mark.parametrize(("text", "encoding"), [(SHORT_CHINESE, "gbk"), (KOREAN, "euc_kr")])
    def test_a_few_words_in_two_bytes_each(self, tmp_path: Path, text: str, encoding: str) -> None:
        file = tmp_path / "clip.srt"
        file.write_bytes(text.encode(encoding))
        assert read(file)[0].text == text.splitlines()[2]

    @pytest.mark.parametrize(
        ("text", "encoding"), [(RUSSIAN, "cp1251"), (FRENCH, "cp1252"), (POLISH, "cp1250")]
    )
    def test_old_code_pages(self, tmp_path: Path, text: str, encoding: str) -> None:
        file = tmp_path / "clip.srt"
        file.write_bytes(f"1\n00:00:01,000 --> 00:00:03,000\n{text}\n".encode(encoding))
        assert read(file)[0].text == text

    def test_markup_and_control_characters_go(self, tmp_path: Path) -> None:
        file = tmp_path / "clip.srt"
        body = (
            "<i>Hello</i> {\\an8}<font color='red'>there</font>\x1b[31m\u202e &amp; you\n- [♪♪]\n♪"
        )
        file.write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{body}\n", encoding="utf-8")
        assert [cue.text for cue in read(file)] == ["Hello there[31m & you"]

    def test_webvtt(self, tmp_path: Path) -> None:
        file = tmp_path / "clip.vtt"
        file.write_text(
            "WEBVTT\n\nNOTE nobody says this\n\n00:01.000 --> 00:02.000 align:start\n"
            "<v Ann>Good <00:01.500><c>morning</c></v>\n",
            encoding="utf-8",
        )
        assert read(file) == [cue(1, 2, "Good morning")]

    def test_ass_without_drawings_and_comments(self, tmp_path: Path) -> None:
        file = tmp_path / "clip.ass"
        lines = [
            "Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\b1}Second{\\b0}\\Nline, too",
            "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,First",
            "Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}",
            "Comment: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,Nobody says this",
            "Dialogue: 0,0:00:09.00,0:00:09.00,Default,,0,0,0,,Never shown",
        ]
        head = "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, "
        head += "Name, MarginL, MarginR, MarginV, Effect, Text\n"
        file.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
        assert read(file) == [cue(1, 2, "First"), cue(3, 4, "Second\nline, too")]

    def test_captions_that_roll_say_each_line_once(self, tmp_path: Path) -> None:
        file = tmp_path / "clip.vtt"
        file.write_text(
            "WEBVTT\n\n00:01.000 --> 00:03.000\nwe walked\n\n00:03.000 --> 00:03.010\nwe walked\n\n"
            "00:03.010 --> 00:05.000\nwe walked\nalong the lake\n",
            encoding="utf-8",
        )
        assert read(file) == [cue(1, 3.01, "we walked"), cue(3.01, 5, "along the lake")]

    def test_an_empty_file_says_nothing(self, tmp_path: Path) -> None:
        for name, text in (("clip.srt", "\n"), ("clip.vtt", "WEBVTT\n\n")):
            (tmp_path / name).write_text(text, encoding="utf-8")
            assert read(tmp_path / name) == []

    @pytest.mark.parametrize("name", ["clip.srt", "clip.vtt", "clip.ass", "clip.ssa"])
    @pytest.mark.parametrize(
        "data", [b"not subtitles at all", bytes(range(256)) * 9, b"\xff\xfe\x00"]
    )
    def test_rubbish_is_refused(self, tmp_path: Path, name: str, data: bytes) -> None:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(MediaError, match=rf"{name}.*--asr always"):
            read(tmp_path / name)

    def test_a_huge_file_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_cues, "_MOST_BYTES", 10)
        (tmp_path / "clip.srt").write_text(CHINESE, encoding="utf-8")
        with pytest.raises(MediaError, match="too big"):
            read(tmp_path / "clip.srt")

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match="cannot be read"):
            read(tmp_path / "clip.srt")


class TestDrafts:
    def test_a_sentence_over_two_cues_is_one_chunk(self) -> None:
        assert joined(
            cue(0, 2, "We walked along"), cue(2.1, 4, "the\nlake."), cue(4, 6, "Then")
        ) == [
            "We walked along the lake.",
            "Then",
        ]

    def test_a_pause_parts_them(self) -> None:
        assert len(joined(cue(0, 2, "We walked along"), cue(2.4, 4, "the lake"))) == 2

    def test_none_gets_longer_than_ten_seconds(self) -> None:
        cues = [cue(4 * n, 4 * n + 4, f"part {n}") for n in range(6)]
        assert joined(*cues) == ["part 0 part 1", "part 2 part 3", "part 4 part 5"]

    def test_chinese_cues_stay_apart(self) -> None:
        assert len(joined(cue(0, 2, "湖边有一座塔"), cue(2, 4, "我们吃火锅"))) == 2

    def test_language_is_told_by_script_else_as_given(self) -> None:
        found = drafts([cue(0, 2, "湖边的塔"), cue(5, 7, "The tower.")], language="en")
        assert [draft.language for draft in found] == ["zh", "en"]
        assert [draft.language for draft in drafts([cue(0, 2, "Hi.")], language=None)] == [None]


def test_a_clip_looks_at_its_own_subtitles_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (tmp_path / f"clip{number:02}.srt").touch()
    ranked: list[str] = []
    rank = _cues._rank

    def noted(path: Path, file: Path) -> tuple[int, int] | None:
        ranked.append(file.name)
        return rank(path, file)

    monkeypatch.setattr(_cues, "_rank", noted)
    assert Sidecars().sidecar(tmp_path / "clip07.mp4") == tmp_path / "clip07.srt"
    assert ranked == ["clip07.srt"]
