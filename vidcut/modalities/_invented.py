"""Text that Whisper writes where nothing was said."""

from __future__ import annotations

import functools
import re
import unicodedata
import zlib
from typing import TYPE_CHECKING

import opencc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.modalities._sentences import Spoken

# All as `_plain` makes them: letters and digits, lower case, simplified Chinese.
# Credits of the subtitles that Whisper learnt from: nobody says these.
_NEVER_SAID = (
    "amaraorg",
    "字幕志愿者",
    "字幕组李宗盛",
    "请不吝点赞",
    "明镜与点点",
    "优优独播剧场",
    "以下是普通话的句子",
    "transcriptionbycastingwords",
    "subsbywwwzeoranger",
    "mbc뉴스이덕영",
    "субтитрысделал",
    "субтитрысоздавал",
    "редакторсубтитров",
    "sottotitolicreati",
    "soustitresréalisés",
    "untertitelderamara",
    "untertitelimauftragdeszdf",
    "untertitelungdeszdf",
    "legendaspelacomunidade",
    "altyaz\u0131mk",
)
# Credits that begin like this; that a film has Chinese subtitles may be said too.
_CREDITS = (
    "subtitlesby",
    "subtitledby",
    "subtitlesproduced",
    "captionedby",
    "captioningby",
    "transcribedby",
    "transcriptionby",
    "opensubtitles",
    "字幕由",
    "字幕制作",
    "字幕by",
    "中文字幕",
    "本字幕由",
)
_CREDIT_CHARACTERS = 40
"""Longer, it is a sentence that happens to begin so."""
# What people do say, and Whisper still more often.
_RARELY_SAID = frozenset((
    "bye",
    "byebye",
    "okay",
    "pleasesubscribe",
    "pleasesubscribetomychannel",
    "seeyounexttime",
    "seeyouinthenextvideo",
    "illseeyouinthenextvideo",
    "theend",
    "thanks",
    "thanksforwatching",
    "thankyou",
    "thankyouforwatching",
    "thankyousomuch",
    "thankyousomuchforwatching",
    "thankyouverymuch",
    "you",
    "music",
    "applause",
    "下次再见",
    "下期再见",
    "字幕",
    "感谢观看",
    "感谢收看",
    "感谢您的观看",
    "多谢您的观看",
    "谢谢",
    "谢谢大家",
    "谢谢观看",
    "谢谢收看",
    "谢谢大家收看",
    "谢谢大家观看",
    "点赞订阅",
    "点赞订阅转发",
    "订阅转发",
    "请订阅",
    "词曲",
    "作词作曲",
    "ご視聴ありがとうございました",
    "시청해주셔서감사합니다",
    "продолжениеследует",
))  # fmt: skip
_DOUBTFUL = 0.6
_HOPELESS = 0.3
_SURE = 0.85
_LOOPED = 2.4
"""gzip's ratio, the threshold that Whisper itself falls back at (its paper, section 4.5)."""
_LOOP_LENGTH = 40
_REPEATED = re.compile(r"(.{1,24}?)\1{4,}")
_ENDLESS = 8
"""Times over, at which no cheering or laughing goes on, however clear it is."""
_SPEECHLESS = 0.6
_UNSURE_LOG = -0.8


def is_speechless(no_speech: float, log_probability: float) -> bool:
    """Whether Whisper itself doubts that a segment holds speech.

    Args:
        no_speech: the probability of its token for no speech, 0…1.
        log_probability: the mean over the segment's tokens.
    """
    return no_speech > _SPEECHLESS and log_probability < _UNSURE_LOG


def doubt(text: str, words: Sequence[Spoken], *, is_faint: bool = False) -> str | None:
    """Why a sentence, of one word at least, was most likely never said; None where it was.

    ``is_faint`` where nothing but Whisper thinks that someone speaks.
    """
    plain = _plain(text)
    surely = sum(spoken.probability for spoken in words) / len(words)
    no_speech = max(spoken.no_speech for spoken in words)
    if any(is_speechless(spoken.no_speech, spoken.log_probability) for spoken in words):
        return "hardly any speech"
    if _is_credit(plain, is_clear=surely >= _SURE and no_speech <= _HOPELESS):
        return "a subtitler's credit"
    if plain in _RARELY_SAID and (surely < _DOUBTFUL or no_speech > _HOPELESS):
        return "a farewell that is not clear"
    if _is_looped(plain, is_clear=surely >= _DOUBTFUL):
        return "a loop"
    return "a guess" if surely < (_DOUBTFUL if is_faint else _HOPELESS) else None


def holds_words(text: str) -> bool:
    """Whether there is any letter or digit in it."""
    return any(character.isalnum() for character in text)


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case and simplified."""
    folded = _simplified().convert(unicodedata.normalize("NFKC", text)).casefold()
    return "".join(character for character in folded if character.isalnum())


@functools.cache
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _is_credit(plain: str, *, is_clear: bool) -> bool:
    if any(phrase in plain for phrase in _NEVER_SAID):
        return True
    return not is_clear and plain.startswith(_CREDITS) and len(plain) <= _CREDIT_CHARACTERS


def _is_looped(plain: str, *, is_clear: bool) -> bool:
    data = plain.encode()
    if len(data) >= _LOOP_LENGTH and len(data) / len(zlib.compress(data)) > _LOOPED:
        return True
    found = _REPEATED.search(plain)
    if found is None or len(found.group()) <= len(plain) / 2:
        return False
    return not is_clear or len(found.group()) >= _ENDLESS * len(found.group(1))
