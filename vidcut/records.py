"""The nouns: small frozen records that every room shares.

Time is a whole number of microseconds since the moment that a player shows as 0:00, in
half-open spans. Pictures are ``uint8 (height, width, 3)`` RGB, upright as a player shows
them. Sound is mono ``float32`` in -1…1. Vectors are ``float32 (dim,)`` of unit length.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Picture: TypeAlias = NDArray[np.uint8]
    Vector: TypeAlias = NDArray[np.float32]

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of time, ``start <= t < end``, in microseconds."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            message = f"a span cannot end ({self.end}) before it starts ({self.start})"
            raise ValueError(message)

    @property
    def duration(self) -> int:
        """Microseconds from start to end."""
        return self.end - self.start

    @property
    def middle(self) -> int:
        """The time half-way."""
        return (self.start + self.end) // 2

    def contains(self, time_us: int) -> bool:
        """Whether the time lies in the span; its end does not."""
        return self.start <= time_us < self.end

    def overlap(self, other: Span) -> int:
        """Microseconds that both spans cover."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def gap(self, other: Span) -> int:
        """Microseconds between the spans; 0 where they touch or overlap."""
        return max(0, max(self.start, other.start) - min(self.end, other.end))

    def iou(self, other: Span) -> float:
        """Intersection over union, 0…1; 0 for two empty spans."""
        common = self.overlap(other)
        union = self.duration + other.duration - common
        return common / union if union else 0.0

    def hull(self, other: Span) -> Span:
        """The shortest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def clamp(self, bounds: Span) -> Span:
        """The nearest span inside ``bounds``; empty at an edge where they do not meet."""
        start = min(max(self.start, bounds.start), bounds.end)
        return Span(start, max(start, min(self.end, bounds.end)))


# What a reader says of a file ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PictureTrack:
    """A video stream; ``width`` and ``height`` in pixels as shown, after ``rotation``."""

    codec: str
    width: int
    height: int
    rate: Fraction | None
    rotation: int = 0
    """Degrees counter-clockwise that a player turns the coded picture: 0, 90, 180, 270."""


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """An audio stream."""

    codec: str
    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """An embedded text subtitle stream."""

    index: int
    """The stream's index in its container."""
    codec: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Media:
    """What one media file holds."""

    container: str
    duration_us: int
    picture: PictureTrack | None
    sound: SoundTrack | None
    subtitles: tuple[SubtitleTrack, ...] = ()
    timecode: str | None = None
    """What the camera's clock said at the first picture: 01:00:00:00, 01:00:00;00 drop-frame."""


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """Mono sound that begins at ``start_us``: ``float32 (n,)`` in -1…1."""

    start_us: int
    samples: NDArray[np.float32]
    lost_us: int = 0
    """How much sound between the block before and this one's end did not decode."""


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One subtitle, in order of time: plain text without markup, lines joined by a newline."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word and when it is said."""

    span: Span
    text: str
    """As written, with the space before it where its language has one."""


# What a modality is fed and gives back ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Glance:
    """What a stretch of a video shows at one of the times at which it is looked at."""

    time_us: int
    picture: Picture
    begins_shot: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture that stands for a stretch of one shot.

    ``span`` is the part of its shot and window that lies nearest to it.
    """

    time_us: int
    span: Span
    picture: Picture
    begins_shot: bool = False
    """Whether a shot begins where its span does."""


@dataclass(frozen=True, slots=True)
class PictureWindow:
    """About a minute of a video: its samples in order of time, its shot cuts.

    While it is still being decoded (`vidcut.arriving`), samples come as they are, and whoever asks
    for anything else waits for its end.
    """

    span: Span
    cuts: tuple[int, ...]
    samples: Sequence[Sample]
    lost_us: int = 0
    """How much between the window before and this one's end did not decode."""


@dataclass(frozen=True, slots=True)
class SoundWindow:
    """Mono sound at 16 kHz, ``float32 (n,)``; ``last`` where the file ends with it."""

    span: Span
    samples: NDArray[np.float32]
    last: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A chunk before the library has it."""

    span: Span
    text: str | None = None
    vector: Vector | None = None
    language: str | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Harvest:
    """A modality's drafts from a window, and the time up to which it is done with it."""

    drafts: Sequence[Draft]
    done_us: int
    left_out: int = 0
    """Sentences that were most likely never said."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an encoder makes of a picture; ``labels`` best first, with 0…1 confidence."""

    vector: Vector
    labels: tuple[tuple[str, float], ...] = ()


# What the library holds ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Space:
    """One vector space: whose it is, how wide, which version."""

    encoder: str
    dim: int
    version: str

    def __str__(self) -> str:
        return f"{self.encoder}/{self.version}/{self.dim}"


@dataclass(frozen=True, slots=True)
class Video:
    """A media file of the library; ``path`` relative to the library's folder."""

    id: int
    path: str
    size: int
    duration_us: int
    media: Media | None
    state: str
    """``ok``, ``partial`` (interrupted, or damaged: see failure), ``failed`` or ``missing``."""
    failure: str | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether the next index run has still something to do for it."""
        return self.state == "partial" and self.failure is None


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of a video between two scene cuts."""

    video_id: int
    span: Span


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of one video in one modality."""

    id: int
    video_id: int
    modality: str
    span: Span
    text: str | None = None
    language: str | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that matches a query.

    ``confidence`` is 0…1 and may be compared between modalities and queries; ``matched``
    are the query's terms that stand in the text; ``sought`` is the place, among all that the
    query wants, of what the chunk answers.
    """

    chunk: Chunk
    confidence: float
    rank: int
    matched: tuple[str, ...] = ()
    sought: int = 0


@dataclass(frozen=True, slots=True)
class Boundary:
    """An end of a moment and why it lies there."""

    time_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long a moment may be, in microseconds."""

    shortest_us: int = SECOND_US // 2
    longest_us: int = 60 * SECOND_US


@dataclass(frozen=True, slots=True)
class Moment:
    """The answer: one stretch of one video, its score 0…1 and the evidence for it."""

    rank: int
    video: Video
    start: Boundary
    end: Boundary
    score: float
    evidence: tuple[Hit, ...] = field(default=())
    """The best hit of each modality for each thing that was sought, best first."""

    @property
    def span(self) -> Span:
        """From start to end."""
        return Span(self.start.time_us, self.end.time_us)


@dataclass(frozen=True, slots=True)
class Clip:
    """A file cut from a video; ``span`` is what it holds of it."""

    path: str
    source: str
    span: Span
    moved_start_us: int = 0
    """How far before the asked start a stream copy begins."""
    moved_end_us: int = 0
    """How far after the asked end a stream copy ends."""
    mode: str = "exact"
    """How it was cut: ``exact``, ``copy`` or ``smart``."""
    note: str = ""
    """What is other than was asked, and why."""
    crop: str = ""
    """Where its part of the picture comes from: ``subject`` or ``centre``; empty for all of it."""


@dataclass(frozen=True, slots=True)
class Take:
    """A stretch of a file that goes into an edit; ``source`` is an absolute path."""

    source: str
    span: Span
    media: Media
    title: str = ""
    """A few words: what was asked for."""
    note: str = ""
    """What is seen, said or written there."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of an edit that nothing fills."""

    duration_us: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Takes in their order: what a timeline, a reel or a rough cut is made of."""

    name: str
    items: tuple[Take | Gap, ...]
    rate: Fraction
    """Frames a second of the film."""
    width: int
    height: int
    """Its size in pixels."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be done; the batch went on."""

    path: str
    reason: str
