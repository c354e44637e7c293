"""The public `Library`: index, search and cut in a few words."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcut import accounts, history, library, pipeline, plugins, requests, settings, wiring
from vidcut.footage import Selection, demand
from vidcut.history import Answer, Past
from vidcut.ledger import Used
from vidcut.modes import Captions, Mode
from vidcut.records import SECOND_US, Cue, Lengths, Shot, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Self

    from vidcut.accounts import Film, Item
    from vidcut.audit import Finding
    from vidcut.cutting import CutPlan, Margin, Naming
    from vidcut.errors import MissingError
    from vidcut.finish import Finish
    from vidcut.ledger import Unused, Use
    from vidcut.library import Holdings
    from vidcut.protocols import Encoder
    from vidcut.records import Chunk, Clip, Failure, Moment, Picture, Vector, Video
    from vidcut.register import Tally
    from vidcut.running import Watch

_log = logging.getLogger(__name__)


class Library:
    """A library: the footage of a folder, and what vidcut knows of it.

    Args:
        folder: the ``.vidcut`` folder or the one it stands in; by default the nearest
            from the working folder upwards, or a new one here when something is indexed.
        overrides: any of `vidcut.Settings`, by name; what is None is not overridden.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None, **overrides: Any) -> None:
        self.settings = settings.read(overrides)
        self.folder = wiring.folder(folder or self.settings.library or None)
        self.settings = settings.read(overrides, library=self.folder)
        self._open: Holdings | None = None
        self._encoders = wiring.Encoders(self.settings)
        self._last: Past | None = None
        self.last_terms: tuple[str, ...] = ()
        """The words of the last search, folded, by which its matches are marked."""
        self.missing: dict[str, MissingError] = {}
        """Modality → why searches could not ask its model, so that others answered alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the library's files; the next call opens them again."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def beside(self) -> Library:
        """The same library for another thread: opened anew, with the models that are loaded."""
        other = Library(self.folder)
        other.settings, other._encoders = self.settings, self._encoders
        return other

    # The three things to do with it ----------------------------------------------------

    def index(
        self,
        *paths: str | os.PathLike[str],
        selection: Selection | None = None,
        retry: bool = False,
        watch: Watch | None = None,
    ) -> Tally:
        """Bring the library up to date with the files at and below the paths.

        What is indexed already costs a look at the file system; what was interrupted goes on
        where it stood. A file that fails is in the tally, and the rest goes on.

        Args:
            paths: files and folders.
            selection: which files of the folders count.
            retry: try files again that failed before.
            watch: whom to tell of progress and failures.

        Raises:
            UsageError: a path does not exist.
            LibraryError: the library is damaged, newer, or being written to.
            MissingError: a model or a package is not there.
        """
        self.close()
        demand(Path(path) for path in paths)  # before a library is made for nothing
        with library.open_to_write(
            self.folder, wiring.store(self.settings), create=True
        ) as holdings:
            model = wiring.visual_model(self.settings, holdings.catalog.setting("visual_model"))
            with wiring.model_kept(holdings, model):
                return pipeline.index(
                    holdings,
                    [Path(path) for path in paths],
                    wiring.tools(self.settings, model),
                    selection=selection or Selection(),
                    retry=retry,
                    watch=watch,
                )

    def search(  # noqa: PLR0913  (by name, each with its default)
        self,
        words: str = "",
        *,
        count: int = 5,
        modalities: Iterable[str] = (),
        video: str | None = None,
        min_score: float | None = None,
        per_video: int | None = None,
        within_us: int = 30 * SECOND_US,
        lengths: Lengths | None = None,
        images: Iterable[str | os.PathLike[str]] = (),
        like: Iterable[tuple[str, int]] = (),
        liked: Iterable[int] = (),
        disliked: Iterable[int] = (),
        used: Used = Used.ALSO,
    ) -> list[Moment]:
        """The moments that answer a query, best first; none where nothing answers well.

        Args:
            words: what to look for, in any language; `vidcut.query.GRAMMAR` tells all that
                may be said.
            count: at most so many moments.
            modalities: only what is seen (``frame``), said (``asr``) or written (``ocr``).
            video: only videos whose name or path matches this glob.
            min_score: 0…1; by default the setting of that name.
            per_video: at most so many moments of one video; None for any number.
            within_us: how long after the end of A, in ``A >> B``, B may begin.
            lengths: how long a moment may be.
            images: pictures that the answer is to look like.
            like: times of videos that it is to look like: a name, and microseconds.
            liked: ranks of the last search's moments that were right. Without ``words`` that
                search is refined.
            disliked: ranks of those that were wrong.
            used: whether what was used already is an answer.

        Raises:
            QueryError: the words say nothing, or break a rule of the language.
            UsageError: there is no such modality, picture, video, time or rank.
            LibraryError: there is no library, or it cannot be used.
        """
        fresh = Past(words, tuple(os.fspath(image) for image in images), tuple(like))
        past, judged = fresh, (tuple(liked), tuple(disliked))
        if any(judged):
            past = (self._last or history.last(self._id)).judged(*judged).asking(fresh)
        wish = pipeline.Wish(
            count,
            requests.known(modalities),
            video,
            self.settings.min_score if min_score is None else min_score,
            per_video,
            within_us,
            lengths or Lengths(),
            used=used,
        )
        return self.answer(past, wish)

    def answer(self, past: Past, wish: pipeline.Wish) -> list[Moment]:
        """As `search`, of a search that goes on: what it asks for, and what was said of it."""
        asked, wish = requests.fill(past, wish, self)
        pictures = {path: self.seen(wiring.picture(Path(path))) for path in asked.pictures}
        found = pipeline.search(
            self.holdings,
            asked,
            wish,
            encoder_of=self.encoder_of,
            pictures=pictures,
            tell=self._do_without,
        )
        self._last = replace(past, answers=tuple(map(Answer.of, found)))
        self.last_terms = asked.terms
        return found

    def _do_without(self, modality: str, error: MissingError) -> None:
        """Say once what is not searched, so that nobody takes the rest for all."""
        if modality not in self.missing:
            what = "what is seen" if modality == wiring.FRAME else f"the meaning of {modality}"
            _log.warning("%s is not searched, the rest answers: %s", what, error)
        self.missing[modality] = error

    @property
    def last_asked(self) -> str:
        """What the last search asked for: its words, else what it was to be like."""
        return (self._last or Past("")).asked

    def remember(self) -> None:
        """Keep the last search on this machine, so that another process can refine it."""
        if self._last is not None and self._last.answers:
            history.keep(self._id, self._last)

    def seen(self, picture: Picture) -> Vector:
        """What the library's frame encoder makes of a picture: ``float32 (dim,)``."""
        encoder: Any = self.encoder_of(wiring.FRAME)  # of images, as all that make frames
        vector: Vector = encoder.images([picture])[0].vector
        return vector

    @property
    def _id(self) -> str:
        return self.holdings.catalog.setting("library_id") or ""

    def cut(
        self,
        moments: Iterable[Moment],
        folder: str | os.PathLike[str],
        *,
        margin: Margin | None = None,
        mode: Mode = Mode.EXACT,
        overwrite: bool = False,
    ) -> Iterator[Clip | Failure]:
        """Cut moments into a folder, one clip each, as they are done.

        A clip that is there already, of the same name and length and newer than its source,
        is kept unless ``overwrite``.

        Raises:
            MissingError: there is no ffmpeg.
            OutputError: clips cannot be written there.
        """
        plans = self.plans(moments, folder, margin=margin, mode=mode)
        return cut(plans, overwrite=overwrite, keep=True, reader=self.settings.reader)

    # What is in it ---------------------------------------------------------------------

    @property
    def holdings(self) -> Holdings:
        """The open catalog and vectors, to read from."""
        if self._open is None:
            self._open = library.open_(self.folder, wiring.store(self.settings))
        return self._open

    def videos(self) -> list[Video]:
        """Every video, in order of path."""
        return self.holdings.catalog.videos()

    def find(self, name: str) -> Video:
        """The one video of this path, or whose path ends so.

        Raises:
            UsageError: there is none, or more than one.
        """
        return self.holdings.find(name)

    def models(self) -> dict[str, str]:
        """Modality → the encoder whose space its vectors are in."""
        catalog = self.holdings.catalog
        spaces = {name: catalog.modality_space(name) for name in catalog.modalities()}
        return {name: space.encoder for name, space in spaces.items() if space is not None}

    def path(self, video: Video) -> Path:
        """Where the video's file lies."""
        return self.holdings.absolute(video)

    def chunks(self, video: Video) -> list[Chunk]:
        """The video's chunks, in order of time."""
        return self.holdings.catalog.chunks_of(video.id)

    def shots(self, video: Video) -> list[Shot]:
        """The video's shots, in order of time; none where it has no pictures."""
        if video.media is None or video.media.picture is None:
            return []
        edges = [0, *self.holdings.catalog.cuts(video.id), video.duration_us]
        return [Shot(video.id, Span(start, end)) for start, end in pairwise(edges) if start < end]

    def mark_used(self, items: Iterable[Item], what: str) -> int:
        """Write down which spans of which videos (or files) went into a film; how many are new."""
        return self.mark_films([(what, items)])

    def mark_films(self, films: Iterable[Film]) -> int:
        """Write down what went into several films, all of it or nothing; how many are new."""
        with library.open_to_write(self.folder, wiring.store(self.settings)) as holdings:
            return accounts.mark(holdings, films)

    def strangers(self, paths: Iterable[str]) -> list[str]:
        """The files that the library does not know, each once."""
        return accounts.strangers(self.holdings, paths)

    def uses(self, video: Video) -> list[Use]:
        """What of the video went into films, in order of time."""
        return self.holdings.catalog.uses.of(video.id)

    def unused(self) -> Iterator[Unused]:
        """What went into no film yet, by path and time."""
        return accounts.unused(self.holdings)

    def forget(self, videos: Sequence[Video]) -> None:
        """Forget videos and all that was made of them; their files are not touched."""
        self.close()
        with library.open_to_write(self.folder, wiring.store(self.settings)) as holdings:
            holdings.forget(videos)
            holdings.refresh_snapshots(plugins.names("modalities"))

    # Its health ------------------------------------------------------------------------

    def verify(
        self, *, read_media: bool = False, tell: Callable[[str], None] = lambda _: None
    ) -> Iterator[Finding]:
        """What of the library is not as it is to be; ``read_media`` reads all media too."""
        from vidcut import verifying  # noqa: PLC0415  (a search needs none of it)

        self.close()
        kind = wiring.store(self.settings)
        return verifying.verify(self.folder, kind, read_media=read_media, tell=tell)

    def repair(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Mend what `verify` found, nothing of it destroyed; what was done, by and by."""
        from vidcut import repairing  # noqa: PLC0415  (a search needs none of it)

        self.close()
        return repairing.repair(self.folder, wiring.store(self.settings), findings)

    @property
    def visual_model(self) -> str | None:
        """What reads the library's pictures: ``labels`` or ``open_clip:MODEL``."""
        return self.holdings.catalog.setting("visual_model")

    def plans(
        self,
        moments: Iterable[Moment],
        folder: str | os.PathLike[str],
        *,
        margin: Margin | None = None,
        mode: Mode = Mode.EXACT,
        finish: Finish | None = None,
        naming: Naming | None = None,
    ) -> list[CutPlan]:
        """What `cut` would do: source, span and file name of each clip.

        Where ``finish`` wants captions, they are what the library heard.
        """
        from vidcut import cutting  # noqa: PLC0415  (a search needs none of it)

        return cutting.distinct(
            cutting.plan(
                moment,
                source=self.path(moment.video),
                folder=Path(folder),
                margin=margin or cutting.Margin(),
                mode=mode,
                finish=self._captioned(finish, moment.video),
                naming=naming,
            )
            for moment in moments
        )

    def _captioned(self, finish: Finish | None, video: Video) -> Finish | None:
        if finish is None or finish.captions is Captions.NONE:
            return finish
        said = self.holdings.catalog.chunks_of(video.id, "asr")
        cues = tuple(Cue(chunk.span, chunk.text) for chunk in said if chunk.text)
        return replace(finish, cues=cues)

    def encoder_of(self, modality: str) -> Encoder:
        """The encoder that made a modality's vectors; loaded at its first word."""
        if modality != wiring.FRAME:
            return self._encoders.of("e5")
        return self._encoders.of(self.visual_model or wiring.OFFLINE_VISUAL_MODEL)


def cut(
    plans: Sequence[CutPlan],
    *,
    overwrite: bool = False,
    keep: bool = False,
    reader: str = "pyav",
) -> Iterator[Clip | Failure]:
    """Carry out cut plans, with or without a library.

    Raises:
        UsageError: a clip would take the place of what it is cut from.
        OutputError: a clip exists already (with neither ``overwrite`` nor, where it is of the
            plan's length, ``keep``) or cannot be written.
        MissingError: there is no ffmpeg.
    """
    return pipeline.cut(plans, reader=wiring.reader(reader), overwrite=overwrite, keep=keep)
