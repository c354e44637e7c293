"""Text that Whisper writes where nothing was said."""

from __future__ import annotations

import pytest

from vidcut.modalities._invented import doubt, holds_words, is_speechless
from vidcut.modalities._sentences import Spoken
from vidcut.records import Span, Word


def heard(probability: float, no_speech: float = 0.0, log: float = -0.3) -> list[Spoken]:
    return [Spoken(Word(Span(0, 1), "so"), probability, no_speech, log)]


def is_invented(text: str, words: list[Spoken], *, is_faint: bool = False) -> bool:
    return doubt(text, words, is_faint=is_faint) is not None


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由Amara.org社区提供",
        "Subtitles by the Amara.org community",
        "字幕志愿者 李宗盛",
        "請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目",
        "请不吝点赞，订阅，转发，打赏支持明镜与点点栏目。",
        "Untertitelung des ZDF, 2020",
    ],
)
def test_credits_are_never_said(text: str) -> None:
    assert is_invented(text, heard(1.0))


@pytest.mark.parametrize("text", ["Subtitles by Ann", "中文字幕", "字幕製作：小王"])
def test_what_may_be_a_credit_is_believed_where_it_is_clear(text: str) -> None:
    assert doubt(text, heard(0.7)) == "a subtitler's credit"
    assert doubt(text, heard(0.95, no_speech=0.5)) == "a subtitler's credit"
    assert doubt(text, heard(0.95)) is None


@pytest.mark.parametrize(
    "text",
    ["Thanks for watching!", "Thank you.", "谢谢观看", "謝謝大家收看", "點贊訂閱轉發", "you"],
)
def test_a_farewell_is_believed_where_it_is_clear(text: str) -> None:
    assert not is_invented(text, heard(0.9))
    assert is_invented(text, heard(0.4))
    assert is_invented(text, heard(0.9, no_speech=0.5))


@pytest.mark.parametrize(
    "text",
    [
        "我只能回到你我只能回到你我只能回到你我只能回到你我只能回到你我只能回到你",
        "Yn yw'n yw'n yw'n yw'n yw'n yw'n yw'n yw'n yw'n yw'n yw'n yw'n",
        "1.0-1.1.1.1.1.1.1.1.1.1.1.1.1.",
    ],
)
def test_loops_are_dropped(text: str) -> None:
    assert is_invented(text, heard(0.95))


@pytest.mark.parametrize(
    "text",
    [
        "Where is the party in opposition that has not been decried as communistic?",
        "Row, row, row your boat gently down the stream.",
        "No, no, no.",
        "欢迎大家来体验达摩院推出的语音识别模型",
        "哈哈哈",
        "Go, go, go, go, go!",
        "这个视频的中文字幕是我自己做的",
        "Subtitles by themselves do not make a film easier to follow for its viewers.",
        "记得点赞订阅转发，我们下期再见",
    ],
)
def test_speech_is_kept(text: str) -> None:
    assert not is_invented(text, heard(0.7))


def test_guesses_are_dropped_and_faint_ones_sooner() -> None:
    assert is_invented("Unknown Nantu", heard(0.2))
    assert not is_invented("A dangerous quest", heard(0.5))
    assert is_invented("A dangerous quest", heard(0.5), is_faint=True)


def test_whispers_own_doubt_needs_both_signs() -> None:
    assert is_speechless(0.7, -1.1)
    assert not is_speechless(0.7, -0.3)
    assert not is_speechless(0.1, -1.1)


def test_a_segment_that_whisper_doubts_is_left_out() -> None:
    assert doubt("And so it goes.", heard(0.9, 0.7, -1.1)) == "hardly any speech"
    assert doubt("And so it goes.", heard(0.9, 0.7, -0.3)) is None


def test_five_times_is_a_loop_where_it_is_not_clear() -> None:
    assert doubt("Go, go, go, go, go!", heard(0.5)) == "a loop"


@pytest.mark.parametrize(
    ("text", "holds"), [("...", False), ("", False), ("♪♪", False), ("3", True)]
)
def test_punctuation_is_no_sentence(text: str, *, holds: bool) -> None:
    assert holds_words(text) is holds
