"""Text that Whisper writes where nothing was said."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.modalities._sentences import Spoken

# What Whisper learnt from the credits of its training subtitles: nobody says these.
_NEVER_SAID = (
    "amaraorg",
    "字幕志愿者",
    "请不吝点赞",
    "請不吝點贊",
    "明镜与点点",
    "明鏡與點點",
    "字幕由",
    "字幕製作",
    "字幕制作",
    "中文字幕",
    "优优独播剧场",
    "優優獨播劇場",
    "以下是普通话的句子",
    "subtitlesby",
    "subtitledby",
    "subtitlesproduced",
    "captionedby",
    "captioningby",
    "transcribedby",
    "transcriptionby",
    "castingwords",
    "opensubtitles",
    "субтитрысделал",
    "субтитрысоздавал",
    "редакторсубтитров",
    "sottotitolicreati",
    "soustitresréalisés",
    "untertitelderamara",
    "ご視聴ありがとうございました",
)
# What people do say, and Whisper still more often.
_RARELY_SAID = frozenset((
    "bye",
    "byebye",
    "okay",
    "pleasesubscribe",
    "pleasesubscribetomychannel",
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
    "感謝觀看",
    "謝謝",
    "謝謝大家",
    "謝謝觀看",
    "谢谢",
    "谢谢大家",
    "谢谢观看",
    "词曲",
    "作词作曲",
))  # fmt: skip
_DOUBTFUL = 0.6
_HOPELESS = 0.3
_LOOPED = 2.4
"""gzip's ratio, the threshold that Whisper itself falls back at (its paper, section 4.5)."""
_LOOP_LENGTH = 40
_REPEATED = re.compile(r"(.{1,24}?)\1{4,}")
_SPEECHLESS = 0.6
_UNSURE_LOG = -0.8


def is_speechless(no_speech: float, log_probability: float) -> bool:
    """Whether Whisper itself doubts that a segment holds speech.

    Args:
        no_speech: the probability of its token for no speech, 0…1.
        log_probability: the mean over the segment's tokens.
    """
    return no_speech > _SPEECHLESS and log_probability < _UNSURE_LOG


def is_invented(text: str, words: Sequence[Spoken], *, is_faint: bool = False) -> bool:
    """Whether a sentence, of one word at least, was most likely never said.

    ``is_faint`` where nothing but Whisper thinks that someone speaks.
    """
    plain = _plain(text)
    surely = sum(spoken.probability for spoken in words) / len(words)
    no_speech = max(spoken.no_speech for spoken in words)
    if not plain or any(phrase in plain for phrase in _NEVER_SAID):
        return True
    if plain in _RARELY_SAID and (surely < _DOUBTFUL or no_speech > _HOPELESS):
        return True
    return surely < (_DOUBTFUL if is_faint else _HOPELESS) or _is_looped(plain)


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _is_looped(plain: str) -> bool:
    data = plain.encode()
    if len(data) >= _LOOP_LENGTH and len(data) / len(zlib.compress(data)) > _LOOPED:
        return True
    found = _REPEATED.search(plain)
    return found is not None and len(found.group()) > len(plain) / 2
