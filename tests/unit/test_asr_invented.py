"""Text that Whisper writes where nothing was said."""

from __future__ import annotations

import pytest

from vidcut.modalities._invented import is_invented, is_speechless
from vidcut.modalities._sentences import Spoken
from vidcut.records import Span, Word


def heard(probability: float, no_speech: float = 0.0) -> list[Spoken]:
    return [Spoken(Word(Span(0, 1), "so"), probability, no_speech)]


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由Amara.org社区提供",
        "Subtitles by the Amara.org community",
        "字幕志愿者 李宗盛",
        "...",
        "",
    ],
)
def test_credits_are_never_said(text: str) -> None:
    assert is_invented(text, heard(1.0))


@pytest.mark.parametrize("text", ["Thanks for watching!", "Thank you.", "谢谢观看", "you"])
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
