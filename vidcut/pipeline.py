"""The whole story: index, search, cut."""

from __future__ import annotations

import os
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vidcut import footage
from vidcut.asking import Example, Question, Sought
from vidcut.errors import MediaError, OutputError, UsageError
from vidcut.ledger import Used, is_mostly_used
from vidcut.modes import Captions, Mode
from vidcut.moments import Want, candidates, choose, in_order, least_hit
from vidcut.records import SECOND_US, Clip, Failure, Lengths
from vidcut.settling import Settling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vidcut import ffmpeg
    from vidcut.cutting import CutPlan
    from vidcut.errors import MissingError
    from vidcut.footage import Selection
    from vidcut.indexing import Tools
    from vidcut.library import Holdings
    from vidcut.moments import Candidate
    from vidcut.protocols import Encoder, Onlooker, Prober
    from vidcut.query import Query, Step
    from vidcut.records import Moment, Span, Vector, Video
    from vidcut.register import Tally
    from vidcut.running import Watch

T = TypeVar("T")

_CUTS_AT_ONCE = 8
"""More ffmpegs than this read one disk no faster."""
_CLIP_OFF_US = 500_000
"""A clip lasts as long as its span, give or take the last frame's and packet's length."""


# index --------------------------------------------------------------------------------


def index(
    holdings: Holdings,
    paths: Sequence[Path],
    tools: Tools,
    *,
    selection: Selection,
    retry: bool = False,
    watch: Watch | None = None,
) -> Tally:
    """Bring the library up to date with the files at and below the paths.

    Raises:
        UsageError: a path does not exist.
        MissingError: a model or a package is not there.
    """
    from vidcut import running  # noqa: PLC0415  (a search needs none of it)
    from vidcut.register import Register  # noqa: PLC0415

    watch = watch or running.Watch(lambda _: None, lambda _: None)
    holdings.forget_other_pasts()
    register = Register(holdings, tools, watch.failure, retry=retry)
    files = [
        file
        for file in footage.find(paths, selection, on_error=register.unseen)
        if not register.is_done(file)
    ]
    if files:
        running.run(register, files, tools, watch)
    # After the run, in which what moved was recognised.
    register.mark_missing([Path(os.path.abspath(path)) for path in paths])  # noqa: PTH100
    names = [m.name for m in (*tools.pictures, *tools.sounds)]
    names += [tools.transcriber.name] if tools.transcriber else []
    with watch.stopwatch.at("write", "snapshots"):
        holdings.refresh_snapshots(names)
    register.tally.left_behind = max(map(holdings.catalog.videos_left_behind, names), default=0)
    return register.tally


# search -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """What moments are wanted."""

    count: int = 5
    modalities: tuple[str, ...] = ()
    """Only these; empty for all."""
    video: str | None = None
    """Only videos whose name or path matches this glob."""
    min_score: float = 0.15
    per_video: int | None = None
    """At most so many of one video; None for any number."""
    within_us: int = 30 * SECOND_US
    """How long after the end of A, in ``A >> B``, B may begin."""
    lengths: Lengths = field(default_factory=Lengths)
    like: tuple[Example, ...] = ()
    """What the answer, or the first part of it, is to be like."""
    unlike: tuple[Example, ...] = ()
    without: tuple[tuple[int, Span], ...] = ()
    """Stretches of videos, by id, that are no answer."""
    used: Used = Used.ALSO
    among: frozenset[int] | None = None
    """Only videos of these ids; None for all."""
    check: Callable[[], None] = field(default=lambda: None, compare=False)
    """Called every few milliseconds: what it raises ends a search that nobody waits for."""


def search(
    holdings: Holdings,
    asked: Query,
    wish: Wish,
    *,
    encoder_of: Callable[[str], Encoder],
    pictures: Mapping[str, Vector],
    tell: Callable[[str, MissingError], None] = lambda _modality, _error: None,
) -> list[Moment]:
    """The moments that answer a query, best first.

    Args:
        holdings: the library.
        asked: what to look for.
        wish: which moments, and how many.
        encoder_of: the encoder that made a modality's space.
        pictures: path → vector in the frames' space, of each picture that the query names.
        tell: called with a modality whose model is not here, so that others answered alone.

    Raises:
        MissingError: nothing can answer without a model that is not here.
        SpaceMismatchError: an encoder is not the one that made the vectors.
    """
    question = Question(holdings, encoder_of=encoder_of, pictures=pictures)
    first, *later = asked.steps
    used = {} if wish.used is Used.ALSO else holdings.catalog.uses.spans()
    if wish.used is Used.EXCLUDED:
        gone = [(video_id, span) for video_id, spans in used.items() for span in spans]
        wish = replace(wish, without=(*wish.without, *gone))
    try:
        # What models make of the words takes longest: it begins first, and goes on beside.
        question.expect(
            [term for step in asked.steps for term in (*step.wanted, *step.unwanted)],
            wish.modalities or question.modalities,
        )
        videos = _videos(holdings, question, wish)
        steps = [_candidates(question, first, videos, wish)]
        others = replace(wish, like=(), unlike=())  # examples are of the first
        steps += [_candidates(question, step, videos, others) for step in later]
    finally:
        question.close()
    for modality, error in question.missing.items():
        tell(modality, error)
    found = in_order(steps, within_us=wish.within_us, least=wish.min_score)
    settling = Settling(holdings, wish.lengths, encoder_of)
    fit = _used(found, settling, used) if wish.used is Used.ONLY else found
    chosen = choose(
        _checked(fit, wish.check),
        settling.moment,
        settling.is_twin,
        count=wish.count,
        per_video=wish.per_video,
    )
    return settling.told(chosen)


def _checked(items: Iterable[T], check: Callable[[], None]) -> Iterator[T]:
    for item in items:
        check()
        yield item


def _used(
    found: Iterable[Candidate], settling: Settling, used: Mapping[int, Sequence[Span]]
) -> Iterator[Candidate]:
    """Those of which at least half was used, as they will be shown."""
    for candidate in found:
        spans = used.get(candidate.video.id, ())
        if spans and is_mostly_used(settling.moment(candidate).span, spans):
            yield candidate


class _Each(Mapping[int, "Video"]):
    """All videos by id, each read when it is asked for."""

    def __init__(self, holdings: Holdings) -> None:
        self._catalog = holdings.catalog
        self._read = holdings.known().videos

    def __getitem__(self, video_id: int) -> Video:
        if video_id not in self._read:
            video = self._catalog.video_of(video_id)
            if video is None:  # forgotten since by another process
                raise KeyError(video_id)
            self._read[video_id] = video
        return self._read[video_id]

    def __iter__(self) -> Iterator[int]:
        return iter(video.id for video in self._catalog.videos())

    def __len__(self) -> int:
        return len(self._catalog.videos())


def _videos(holdings: Holdings, question: Question, wish: Wish) -> Mapping[int, Video]:
    """The videos to ask of, each content once."""
    if wish.video is None and wish.among is None and holdings.are_all_answers():
        return _Each(holdings)
    known = holdings.catalog.videos()
    videos = {video.id: video for video in known if _matches(video, wish)}
    for copies in holdings.catalog.copies():
        for copy in [video_id for video_id in copies if video_id in videos][1:]:
            del videos[copy]
    question.ask_only(None if len(videos) == len(known) else list(videos))
    return videos


def _candidates(
    question: Question, step: Step, videos: Mapping[int, Video], wish: Wish
) -> list[Candidate]:
    """What answers one step of a query, in the modalities that are wished for."""
    taken = defaultdict(list)
    for video_id, span in (*wish.without, *question.places(step.unwanted)):
        taken[video_id].append(span)
    # Of one thing alone, what is less sure is part of no moment, nor evidence for one.
    least = least_hit(wish.min_score) if len(step.wanted) == 1 else 0.0
    modalities = wish.modalities or question.modalities
    for term in step.wanted:
        for modality in modalities:
            question.worded(term, modality)  # while the models are at work
    hits = (
        hit if place == 0 else replace(hit, sought=place)
        for place, term in enumerate(step.wanted)
        for modality in _checked(modalities, wish.check)
        for hit in question.hits(
            Sought(term, wish.like, step.unwanted, wish.unlike), modality, least=least
        )
    )
    wants = [Want(term.weight, is_required=term.is_exact) for term in step.wanted]
    return candidates(hits, videos, wants, least=wish.min_score, taken=taken)


def _matches(video: Video, wish: Wish) -> bool:
    if video.state == "missing":  # there is nothing to cut from
        return False
    if wish.among is not None and video.id not in wish.among:
        return False
    return wish.video is None or footage.name_matches(video.path, (wish.video,))


# cut ----------------------------------------------------------------------------------


def cut(
    plans: Iterable[CutPlan], *, reader: Onlooker, overwrite: bool = False, keep: bool = False
) -> Iterator[Clip | Failure]:
    """Carry out cut plans, several at once; a plan that fails costs its own clip only.

    What becomes of them comes in the order of the plans. Who stops listening ends what runs.

    Args:
        plans: what to cut.
        reader: looks at each clip before it gets its name.
        overwrite: whether what stands at a clip's place is replaced.
        keep: whether a clip that stands there already is taken as it is; how far its ends
            moved is not known then.

    Raises:
        MissingError: there is no ffmpeg, or it lacks what a plan needs.
        UsageError: a clip would take the place of what another is cut from.
        OutputError: clips cannot be written where they were asked for.
    """
    from vidcut import ffmpeg  # noqa: PLC0415  (a search needs none of it)

    wanted = list(plans)
    _demand_apart(wanted)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    at_once = max(1, min(cores or 1, len(wanted), _CUTS_AT_ONCE))
    halt = threading.Event()
    threads = max(1, (cores or 1) // at_once) if at_once > 1 else 0
    tool = replace(ffmpeg.find(), halt=halt, threads=threads)
    terms = Terms(tool, reader, overwrite=overwrite, keep=keep)
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="cut")
    try:
        waiting = deque(pool.submit(_cut, one, terms) for one in wanted[:at_once])
        for following in [*wanted[at_once:], *[None] * at_once]:
            if not waiting:
                return
            made = waiting.popleft().result()
            if following is not None:
                waiting.append(pool.submit(_cut, following, terms))
            yield made
    finally:
        halt.set()
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """Who cuts, and what becomes of clips that stand there already."""

    tool: ffmpeg.Tool
    reader: Onlooker
    overwrite: bool
    keep: bool


def _cut(plan: CutPlan, terms: Terms) -> Clip | Failure:
    from vidcut import captions, ffmpeg, following, smart  # noqa: PLC0415  (as in `cut`)

    def check(clip: Path) -> None:
        terms.reader.probe(clip)

    source, span, output, overwrite = plan.source, plan.span, plan.output, terms.overwrite
    if os.path.exists(output) and not overwrite:  # noqa: PTH110  (as in footage.demand)
        if terms.keep and _is_cut(plan, terms.reader):
            return Clip(str(output), str(source), span, mode=plan.mode)
        remedy = "choose another name, or --overwrite (overwrite=True) to replace it"
        raise OutputError(f"{output} exists already; {remedy}")
    tool = terms.tool
    seen = following.framed(plan.finish, terms.reader, source, span, halt=tool.halt)
    finish = seen.finish
    try:
        if plan.mode is Mode.COPY:
            clip = ffmpeg.copy(source, span, output, tool=tool, check=check, overwrite=overwrite)
        else:
            make = smart.cut if plan.mode is Mode.SMART else ffmpeg.encode
            clip = make(
                source, span, output, tool=tool, finish=finish, check=check, overwrite=overwrite
            )
        if finish.captions is Captions.SRT:
            captions.write_srt(finish.cues, clip.span, output, overwrite=overwrite)
    except MediaError as error:
        return Failure(str(source), str(error))
    note = "; ".join(filter(None, (clip.note, seen.note, _cut_short(clip, span))))
    return replace(clip, note=note, crop=seen.crop)


def _cut_short(clip: Clip, asked: Span) -> str:
    if asked.end - clip.span.end <= _CLIP_OFF_US:
        return ""
    return f"it ends where its source does, at {clip.span.end / SECOND_US:.1f} s"


def _demand_apart(plans: Sequence[CutPlan]) -> None:
    """Raise where a clip's place is that of a source, of its own or of another's."""
    sources = {_inode(plan.source): plan.source for plan in plans}
    for plan in plans:
        if _inode(plan.output) in sources.keys() - {None}:
            fact = f"{plan.output} is what is to be cut"
            raise UsageError(f"{fact}; choose another name for the clip")


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):  # mostly: there is none yet
        return None
    return found.st_dev, found.st_ino


def _is_cut(plan: CutPlan, reader: Prober) -> bool:
    """Whether a clip of this length stands there, made after the source was."""
    try:
        if plan.output.stat().st_mtime_ns < plan.source.stat().st_mtime_ns:
            return False
        lasts_us = reader.probe(plan.output).duration_us
    except (OSError, MediaError):
        return False
    longer_us = lasts_us - plan.span.duration
    return longer_us >= -_CLIP_OFF_US and (plan.mode is Mode.COPY or longer_us <= _CLIP_OFF_US)
