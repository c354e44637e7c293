"""What is said: Whisper base through faster-whisper, or someone's subtitles instead."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper.tokenizer import _LANGUAGE_CODES

from vidcut.errors import MediaError, UsageError
from vidcut.modalities import _cues, _invented, _sentences, _speech, _whisper
from vidcut.modalities._cues import Sidecars
from vidcut.modalities._sentences import Spoken
from vidcut.protocols import Feed
from vidcut.records import SECOND_US, Draft, Harvest, Span, Weights, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.modalities._speech import Region, Sound
    from vidcut.protocols import ModalityOptions, TextEncoder
    from vidcut.records import Cue, SoundWindow, Space

FEED = Feed.SOUND
_TEMPERATURES = (0.0, 0.4)
"""The second is for what came out looped or most unlikely."""
_EASY, _BEAMS = "en", 5
"""A beam of 5 hears no better in English and is a third slower; in Chinese it does hear better
(of three sentences of a film, two right where greedy search had one)."""
_MOST_TOKENS = 224
"""A whole segment of Whisper's; less speech gets fewer, for a loop goes on to the last one."""
_LEAST_MISSED = 8 * _speech.RATE_HZ // 10
_LANGUAGE_SAMPLES = 8 * _speech.RATE_HZ
_OTHER_LANGUAGE = 0.6
_NOT_THIS_LANGUAGE = 0.2
"""A piece is in another language than its window when this sure of the one and the other."""
_SURELY_SPEECH = 0.85
"""How sure Whisper is of the language of speech under music; 0.92 in the film trailer it was
set by, and at most 0.78 in 25 stretches of music, machines and noise."""


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


def weights() -> list[Weights]:
    """Where Whisper's weights lie."""
    return [
        Weights(
            model="Whisper base",
            serves="what is said, to text",
            licence="MIT",
            place=_whisper.place(),
            remedy=_whisper.REMEDY,
        )
    ]


class Asr:
    """Speech to sentences with the times of their words."""

    name = "asr"

    def __init__(self, options: ModalityOptions, encoder: TextEncoder) -> None:
        self._options = options
        self._encoder = encoder

    @property
    def recipe(self) -> str:
        """Any device and number of threads makes the same chunks, near enough."""
        language = self._options.language or "auto"
        return f"asr 1 whisper-base language={language} {self.space}"

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
            drafts = sorted(self._hear(window, spoken, stop), key=lambda draft: draft.span)
        except (RuntimeError, ValueError) as error:
            raise MediaError(f"its speech cannot be transcribed ({error})") from error
        return Harvest(_cues.with_vectors(drafts, self._encoder), done_us)

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        """See `vidcut.protocols.Transcriber`."""
        drafts = list(_cues.drafts(cues, language=self._options.language))
        done_us = max((cue.span.end for cue in cues), default=0)
        return Harvest(_cues.with_vectors(drafts, self._encoder), done_us)

    @cached_property
    def _model(self) -> Any:
        return _whisper.load(self._options)

    def _hear(self, window: SoundWindow, spoken: list[Region], stop: int) -> Iterator[Draft]:
        for language, regions in self._languages(window.samples, spoken):
            yield from self._transcribe(window, regions, language)
        for excerpt in _speech.excerpts(spoken, window.samples, stop):
            yield from self._listen_closely(window, excerpt)

    def _languages(
        self, samples: Sound, spoken: Sequence[Region]
    ) -> Iterator[tuple[str, list[Region]]]:
        """Consecutive regions of one language; another than the window's needs to be sure."""
        if self._options.language:
            yield from [(self._options.language, list(spoken))] if spoken else []
            return
        pieces = _speech.pieces(spoken)
        guesses = [self._guess(_speech.joined(samples, piece)) for piece in pieces]
        total: dict[str, float] = {}
        for piece, guess in zip(pieces, guesses, strict=True):
            length = sum(end - start for start, end in piece)
            for language, probability in guess.items():
                total[language] = total.get(language, 0.0) + probability * length
        main = max(total, key=total.__getitem__, default="")
        chosen = [_choose(guess, main) for guess in guesses]
        for language, group in groupby(zip(chosen, pieces, strict=True), key=lambda pair: pair[0]):
            yield language, [region for _, piece in group for region in piece]

    def _guess(self, samples: Sound) -> dict[str, float]:
        """Languages and their probabilities.

        Of the beginning, and without padding it to 30 s, which the encoder would work on
        twenty times as long: 40 ms for 4 s of speech on one thread, against 800 ms.
        """
        features = self._model.feature_extractor(samples[:_LANGUAGE_SAMPLES])
        (found,) = self._model.model.detect_language(self._model.encode(features[np.newaxis]))
        return {token[2:-2]: probability for token, probability in found}

    def _listen_closely(self, window: SoundWindow, excerpt: Region) -> Iterator[Draft]:
        """Speech under music, which the voice-activity detector misses and Whisper knows."""
        guess = self._guess(_speech.joined(window.samples, [excerpt]))
        language = self._options.language or max(guess, key=guess.__getitem__)
        if guess.get(language, 0.0) >= _SURELY_SPEECH:
            yield from self._transcribe(window, [excerpt], language, is_faint=True)

    def _transcribe(
        self,
        window: SoundWindow,
        regions: Sequence[Region],
        language: str,
        *,
        is_faint: bool = False,
    ) -> Iterator[Draft]:
        words = self._words(window, regions, language)
        missed = _missed(regions, words, window.span.start)
        if len(missed) < len(regions):  # Whisper may end early, as before a repeated sentence
            words += self._words(window, missed, language) if missed else []
            words.sort(key=lambda spoken: spoken.word.span)
        for sentence in _sentences.sentences(words, language=language):
            text, span = _sentences.text_of(sentence), _sentences.span_of(sentence)
            if span.duration and not _invented.is_invented(text, sentence, is_faint=is_faint):
                known = _sentences.language_of(text, language)
                yield Draft(span, text, None, known, tuple(one.word for one in sentence))

    def _words(self, window: SoundWindow, regions: Sequence[Region], language: str) -> list[Spoken]:
        segments, _ = self._model.transcribe(
            _speech.joined(window.samples, regions),
            language=language,
            beam_size=_BEAMS if language != _EASY else 1,
            best_of=1,
            temperature=_TEMPERATURES,
            max_new_tokens=_most_tokens(regions),
            condition_on_previous_text=False,  # else one loop leads to the next
            word_timestamps=True,
        )
        clock = _speech.Clock(regions)
        return [word for segment in segments for word in _timed(segment, clock, window.span)]


def _choose(guess: dict[str, float], main: str) -> str:
    best = max(guess, key=guess.__getitem__)
    is_sure = guess[best] >= _OTHER_LANGUAGE and guess.get(main, 0.0) < _NOT_THIS_LANGUAGE
    return best if is_sure else main


def _missed(regions: Sequence[Region], words: Sequence[Spoken], start_us: int) -> list[Region]:
    """Regions in which no word begins, and that are too long for a breath."""
    begins = np.array([spoken.word.span.start - start_us for spoken in words])
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
    """A segment's words; none where Whisper itself doubts that there is speech."""
    words = segment.words or []
    if _invented.is_speechless(segment.no_speech_prob, segment.avg_logprob):
        return
    for place, word in enumerate(words, start=1):
        start, end = clock.span_us(float(word.start), float(word.end))
        span = Span(bounds.start + start, bounds.start + max(start, end)).clamp(bounds)
        yield Spoken(
            Word(span, word.word),
            probability=float(word.probability),
            no_speech=segment.no_speech_prob,
            ends_segment=place == len(words),
        )
