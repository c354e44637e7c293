"""What is said: Whisper base through faster-whisper, or someone's subtitles instead."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper.tokenizer import _LANGUAGE_CODES

from vidcut.errors import MediaError, UsageError
from vidcut.modalities import _cues, _edges, _invented, _sentences, _speech, _whisper
from vidcut.modalities._cues import Sidecars
from vidcut.modalities._sentences import Spoken
from vidcut.protocols import Feed
from vidcut.records import SECOND_US, Draft, Harvest, Span, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.modalities._speech import Region, Sound
    from vidcut.protocols import ModalityOptions, TextEncoder
    from vidcut.records import Cue, SoundWindow, Space
    from vidcut.weights import Weights

FEED = Feed.SOUND
_TEMPERATURES = (0.0, 0.4)
"""The second is for what came out looped or most unlikely."""
_EASY, _BEAMS = "en", 5
"""A beam of 5 hears no better in English and is a third slower; in Chinese it does hear better
(of three sentences of a film, two right where greedy search had one)."""
_MOST_TOKENS = 224
"""A whole segment of Whisper's; less speech gets fewer, for a loop goes on to the last one."""
_LEAST_MISSED = 8 * _speech.RATE_HZ // 10
_LEAST_US = SECOND_US // 50
"""One of Whisper's time steps."""
_LANGUAGE_SAMPLES = 8 * _speech.RATE_HZ
_OTHER_LANGUAGE = 0.6
_NOT_THIS_LANGUAGE = 0.2
"""A piece may be in another language than its window when this sure of the one and the other;
then it is heard in both. Of 10 pieces of real and synthetic speech, the guess alone was wrong on 3
(all English; one as Finnish, 0.88 sure), and Whisper surer of its text in the right language on
all, on 3 of them by less than 0.1 in log probability.
"""
_SURELY_SPEECH = 0.85
"""How sure Whisper is of the language of speech under music; 0.92 in the film trailer it was
set by, and at most 0.78 in 25 stretches of music, machines and noise."""
_log = logging.getLogger(__name__)


def create(options: ModalityOptions, encoder: TextEncoder) -> Asr:
    """See `vidcut.protocols.Transcriber`.

    Raises:
        UsageError: Whisper does not know the language.
    """
    if options.language:
        language = options.language.lower().partition("-")[0]
        if language not in _LANGUAGE_CODES:
            message = f"Whisper knows no language {options.language!r}"
            raise UsageError(f"{message}; give a code of two letters, as en, zh, es")
        options = replace(options, language=language)
    return Asr(options, encoder)


def subtitles() -> Sidecars:
    """See `vidcut.protocols.Subtitles`; one for each index run."""
    return Sidecars()


def without_gpu() -> str:
    """Why Whisper computes on no GPU here; empty where it may."""
    return _whisper.without_gpu()


def weights() -> list[Weights]:
    """Where Whisper's weights lie."""
    return [_whisper.weights()]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A sentence as Whisper has it."""

    draft: Draft
    doubt: str | None
    """Why it was most likely never said."""


class Asr:
    """Speech to sentences with the times of their words; serves as many at once as it was told."""

    name = "asr"

    def __init__(self, options: ModalityOptions, encoder: TextEncoder) -> None:
        self._options = options
        self._encoder = encoder
        self._loading = Lock()
        self._loaded: Any = None

    @property
    def recipe(self) -> str:
        """Any device and number of threads makes the same chunks, near enough."""
        language = self._options.language or "auto"
        search = " greedy" if self._options.quality == "fast" else ""
        return f"asr 3 whisper-base{search} language={language} {self.space}"

    @property
    def space(self) -> Space:
        """The text encoder's."""
        return self._encoder.space

    def read(self, window: SoundWindow) -> Harvest:
        """See `vidcut.protocols.SoundModality`."""
        spoken = _speech.regions(window.samples)
        stop, done_us = len(window.samples), window.span.end
        if not window.last:
            stop = _speech.place_to_stop(spoken, window.samples)
            spoken = _speech.until(spoken, stop)
            done_us = window.span.start + stop * SECOND_US // _speech.RATE_HZ
        try:
            heard = sorted(self._hear_anyhow(window, spoken, stop), key=lambda one: one.draft.span)
        except (RuntimeError, ValueError) as error:
            raise MediaError(f"its speech cannot be transcribed ({error})") from error
        said = _edges.in_the_sound([one.draft for one in heard if one.doubt is None], window)
        for one in heard:
            if one.doubt is not None:
                start_s = one.draft.span.start / SECOND_US
                _log.debug("left out at %.2f s, %s: %s", start_s, one.doubt, one.draft.text)
        left_out = len(heard) - len(said)
        return Harvest(_cues.with_vectors(said, self._encoder), done_us, left_out)

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        """See `vidcut.protocols.Transcriber`."""
        drafts = list(_cues.drafts(cues, language=self._options.language))
        done_us = max((cue.span.end for cue in cues), default=0)
        return Harvest(_cues.with_vectors(drafts, self._encoder), done_us)

    @property
    def _model(self) -> Any:
        with self._loading:
            self._loaded = self._loaded or _whisper.load(self._options)
        return self._loaded

    def _hear_anyhow(self, window: SoundWindow, spoken: list[Region], stop: int) -> list[_Heard]:
        """By the CPU where the GPU fails, from the window's start."""
        model = self._model
        try:
            return list(self._hear(window, spoken, stop))
        except RuntimeError as error:
            with self._loading:
                if self._loaded is model:  # else another lane has seen to it
                    self._loaded = _whisper.instead(model, self._options, error)
        return list(self._hear(window, spoken, stop))

    def _hear(self, window: SoundWindow, spoken: list[Region], stop: int) -> Iterator[_Heard]:
        for languages, regions in self._languages(window.samples, spoken):
            yield from self._transcribe(window, regions, languages)
        for excerpt in _speech.excerpts(spoken, window.samples, stop):
            yield from self._listen_closely(window, excerpt)

    def _languages(
        self, samples: Sound, spoken: Sequence[Region]
    ) -> Iterator[tuple[tuple[str, ...], list[Region]]]:
        """Consecutive regions of one language, or of one of two that are to be tried."""
        if self._options.language:
            yield from [((self._options.language,), list(spoken))] if spoken else []
            return
        pieces = _speech.pieces(spoken)
        guesses = [self._guess(_speech.joined(samples, piece)) for piece in pieces]
        total: dict[str, float] = {}
        for piece, guess in zip(pieces, guesses, strict=True):
            length = sum(end - start for start, end in piece)
            for language, probability in guess.items():
                total[language] = total.get(language, 0.0) + probability * length
        main = max(total, key=total.__getitem__, default="")
        likely = [_likely(guess, main) for guess in guesses]
        for languages, group in groupby(zip(likely, pieces, strict=True), key=lambda pair: pair[0]):
            yield languages, [region for _, piece in group for region in piece]

    def _guess(self, samples: Sound) -> dict[str, float]:
        """Languages and their probabilities.

        Of the beginning, and without padding it to 30 s, which the encoder would work on
        twenty times as long: 40 ms for 4 s of speech on one thread, against 800 ms.
        """
        features = self._model.feature_extractor(samples[:_LANGUAGE_SAMPLES])
        (found,) = self._model.model.detect_language(self._model.encode(features[np.newaxis]))
        return {token[2:-2]: probability for token, probability in found}

    def _listen_closely(self, window: SoundWindow, excerpt: Region) -> Iterator[_Heard]:
        """Speech under music, which the voice-activity detector misses and Whisper knows."""
        guess = self._guess(_speech.joined(window.samples, [excerpt]))
        language = self._options.language or max(guess, key=guess.__getitem__)
        if guess.get(language, 0.0) >= _SURELY_SPEECH:
            yield from self._transcribe(window, [excerpt], (language,), is_faint=True)

    def _transcribe(
        self,
        window: SoundWindow,
        regions: Sequence[Region],
        languages: Sequence[str],
        *,
        is_faint: bool = False,
    ) -> Iterator[_Heard]:
        """Sentences, in the language in which Whisper is surest of the words."""
        tried = {language: self._words(window, regions, language) for language in languages}
        language = max(languages, key=lambda one: _sureness(tried[one]))
        words = tried[language]
        missed = _missed(regions, [one for one in words if not _is_speechless(one)], window.span)
        if 0 < len(missed) < len(regions):  # it may end early, as before a repeated sentence
            words = [spoken for spoken in words if not _is_speechless(spoken)]
            words += self._words(window, missed, language)
            words.sort(key=lambda spoken: spoken.word.span)
        for _, group in groupby(words, key=_is_speechless):
            for sentence in _sentences.sentences(list(group), language=language):
                yield from _heard(sentence, language, is_faint=is_faint)

    def _words(self, window: SoundWindow, regions: Sequence[Region], language: str) -> list[Spoken]:
        segments, _ = self._model.transcribe(
            _speech.joined(window.samples, regions),
            language=language,
            beam_size=1 if language == _EASY or self._options.quality == "fast" else _BEAMS,
            best_of=1,
            temperature=_TEMPERATURES,
            max_new_tokens=_most_tokens(regions),
            condition_on_previous_text=False,  # else one loop leads to the next
            word_timestamps=True,
        )
        clock = _speech.Clock(regions)
        return [word for segment in segments for word in _timed(segment, clock, window.span)]


def _likely(guess: dict[str, float], main: str) -> tuple[str, ...]:
    """The window's language, and the piece's own where that seems to be another."""
    best = max(guess, key=guess.__getitem__)
    is_other = guess[best] >= _OTHER_LANGUAGE and guess.get(main, 0.0) < _NOT_THIS_LANGUAGE
    return (main, best) if is_other else (main,)


def _sureness(words: Sequence[Spoken]) -> float:
    """The mean log probability of what was heard; nothing is the least sure."""
    if not words:
        return -np.inf
    return float(np.mean([spoken.log_probability for spoken in words]))


def _is_speechless(spoken: Spoken) -> bool:
    return _invented.is_speechless(spoken.no_speech, spoken.log_probability)


def _heard(sentence: Sequence[Spoken], language: str, *, is_faint: bool) -> Iterator[_Heard]:
    """The sentence and what speaks against it; nothing where it is punctuation."""
    text, span = _sentences.text_of(sentence), _sentences.span_of(sentence)
    if not _invented.holds_words(text):
        return
    doubt = _invented.doubt(text, sentence, is_faint=is_faint)
    words = tuple(spoken.word for spoken in sentence)
    draft = Draft(span, text, None, _sentences.language_of(text, language), words)
    yield _Heard(draft, doubt if span.duration >= _LEAST_US else "no time to say it in")


def _missed(regions: Sequence[Region], words: Sequence[Spoken], bounds: Span) -> list[Region]:
    """Regions in which no word begins, and that are too long for a breath."""
    begins = np.array([spoken.word.span.start - bounds.start for spoken in words])
    times = begins * _speech.RATE_HZ // SECOND_US
    return [
        (first, past)
        for first, past in regions
        if past - first >= _LEAST_MISSED and not np.any((times >= first) & (times < past))
    ]


def _most_tokens(regions: Sequence[Region]) -> int:
    seconds = sum(end - start for start, end in regions) // _speech.RATE_HZ
    return min(_MOST_TOKENS, 30 + 12 * seconds)


def _timed(segment: Any, clock: _speech.Clock, bounds: Span) -> Iterator[Spoken]:
    """A segment's words, with what Whisper thinks of the segment."""
    words = segment.words or []
    for place, word in enumerate(words, start=1):
        start, end = clock.span_us(float(word.start), float(word.end))
        span = Span(bounds.start + start, bounds.start + max(start, end)).clamp(bounds)
        yield Spoken(
            Word(span, word.word),
            probability=float(word.probability),
            no_speech=float(segment.no_speech_prob),
            log_probability=float(segment.avg_logprob),
            ends_segment=place == len(words),
        )
