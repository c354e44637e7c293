"""The parts of a film, encoded several at once, each to a whole number of frames."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import captions, codecs, ffmpeg, film_arguments, mixing, processes, program
from vidcut.errors import MediaError, MissingError
from vidcut.film import Fit, Part, lay, title_of
from vidcut.film_arguments import Canvas, Scene
from vidcut.packets import streams
from vidcut.records import SECOND_US, Cue, Failure, Span, Take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vidcut.film import Film, Laid
    from vidcut.film_arguments import Words
    from vidcut.packets import Packet, Row
    from vidcut.program import Tool
    from vidcut.records import Edit

_SHORT_BY_US = SECOND_US // 2
"""A take that decodes to less than its packets promise by more than this is damaged."""


@dataclass(slots=True)
class Studio:
    """Where a film is made: an ffmpeg, a folder, and what is there of the film's parts."""

    edit: Edit
    tool: Tool
    folder: Path
    """Absolute."""
    fit: Fit = Fit.PAD
    fade_us: int = 0
    workers: int = 0
    """How many parts are encoded at once; 0 for as many as there are cores."""
    progress: Callable[[float], None] = lambda _: None
    pictures: dict[Part, Path] = field(default_factory=dict)
    gains: dict[int, float] = field(default_factory=dict)
    """What evens the sound of each item that has one, by its number."""
    failures: dict[int, Failure] = field(default_factory=dict)
    """The items that could not be read, by their numbers."""
    _scenes: dict[int, Scene] = field(default_factory=dict)

    def shoot(self) -> Film:
        """Encode all parts; an item that cannot be read is left out, and the rest moves up.

        Raises:
            MediaError: not one take can be read.
            OutputError: there is no room.
            MissingError: this ffmpeg lacks what is needed.
        """
        while True:
            film = lay(self.edit, fade_us=self.fade_us, without=self.failures)
            if not any(isinstance(one.item, Take) for one in film.laid) and self.failures:
                first = self.failures[min(self.failures)]
                raise MediaError(f"none of the takes can be read; the first: {first.reason}")
            # Items first: what they turn out to be, their fades need to know.
            for is_fade in (False, True):
                failed = len(self.failures)
                self._encode([p for p in film.parts() if (p.second is not None) is is_fade], film)
                if len(self.failures) > failed:
                    break
            else:
                return film

    def sound(self, number: int) -> Path:
        """Where an item's sound is, as far as it has one."""
        return self.folder / f"{number}.f32"

    @property
    def can_write(self) -> bool:
        """Whether titles can be drawn on black."""
        return has_text(self.tool.path)

    # Several at once ------------------------------------------------------------------

    def _encode(self, wanted: Sequence[Part], film: Film) -> None:
        parts = [part for part in wanted if part not in self.pictures]
        halt = threading.Event()
        cores = os.cpu_count() or 1
        workers = max(1, min(self.workers or cores, len(parts)))
        tool = replace(self.tool, halt=halt, threads=max(1, cores // workers))
        laid = {one.number: one for one in film.laid}
        with ThreadPoolExecutor(workers) as pool:
            jobs = {pool.submit(self._part, part, laid, tool): part for part in parts}
            try:
                for job in as_completed(jobs):
                    self._take_in(jobs[job], job.exception(), laid)
                    self.progress(sum(part.frames for part in self.pictures) / film.frames)
            except BaseException:
                halt.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _take_in(self, part: Part, error: BaseException | None, laid: Mapping[int, Laid]) -> None:
        number = part.first.number
        item = laid[number].item
        if error is None:
            self.pictures[part] = self._picture(part)
        elif isinstance(error, MediaError) and isinstance(item, Take) and part.second is None:
            self.failures[number] = Failure(item.source, str(error))
        else:
            raise error

    def _part(self, part: Part, laid: Mapping[int, Laid], tool: Tool) -> None:
        canvas = self._canvas(tool)
        out = self._picture(part)
        if part.second is None:
            self._alone(part, laid[part.first.number], canvas, tool)
            return
        scenes = self._scenes[part.first.number], self._scenes[part.second.number]
        words = film_arguments.faded(scenes, (part.first, part.second), canvas, out)
        what = f"the fade between {part.first.number + 1} and {part.second.number + 1}"
        run(tool, words, what, folder=self.folder)

    def _alone(self, part: Part, one: Laid, canvas: Canvas, tool: Tool) -> None:
        scene = self._scene(one, tool)
        self._scenes[one.number] = scene
        out, sound = self._picture(part), self.sound(one.number)
        words = film_arguments.alone(scene, part.first, canvas, out, sound)
        what = str(scene.source) if scene.source is not None else title_of(one.item)
        done = run(tool, words, what, folder=self.folder)
        if scene.look is not None:
            _demand_whole(scene, dict(streams(done.stdout.decode())))
        if scene.has_sound:
            inputs, graph = mixing.mixed(sound, None, 0)
            self.gains[one.number] = measure(tool, mixing.measured(inputs, graph)).gain

    def _canvas(self, tool: Tool) -> Canvas:
        return Canvas(
            self.edit.width,
            self.edit.height,
            self.edit.rate,
            self.fit,
            codecs.writer("libx264", deep=False),
            program.is_new(tool),
            tool.threads,
        )

    def _scene(self, one: Laid, tool: Tool) -> Scene:
        item = one.item
        if isinstance(item, Take):
            source = Path(item.source)
            look = ffmpeg.look_at(tool, source, item.span)
            look.demand(source, item.span)
            if look.picture:
                return Scene(item.span, one.frames, source, look)
            return Scene(item.span, one.frames, source, look, self._title(one))
        return Scene(Span(0, item.duration_us), one.frames, title=self._title(one))

    def _title(self, one: Laid) -> str | None:
        """The item's title as a subtitle file; None where there is none, or none can be drawn."""
        text = title_of(one.item)
        if not text or not self.can_write:
            return None
        place = self.folder / f"title-{one.number}"
        place.mkdir(exist_ok=True)
        # As long as the item, and a second more, for the last frame's sake.
        span = Span(0, (one.frames / self.edit.rate).__ceil__() * SECOND_US + SECOND_US)
        return f"{place.name}/{captions.write_ass([Cue(span, text)], span, place)}"

    def _picture(self, part: Part) -> Path:
        first, second = part.first, part.second
        name = f"{first.number}-{first.start}-{first.end}"
        return self.folder / f"{name}{f'-{second.number}' if second else ''}.mp4"


def _demand_whole(scene: Scene, found: Mapping[str, Sequence[Row]]) -> None:
    """Raise where less was decoded than the file promises: ffmpeg's exit code does not tell."""
    assert scene.look is not None  # noqa: S101 - else nothing was promised
    for kind, packets in (("video", scene.look.picture), ("audio", scene.look.sound)):
        wanted = [p for p in packets if scene.span.contains(p.time_us)]
        rows = found.get(kind, ())
        # A third and not all: VP8 has packets that show nothing, and a field may be a packet.
        few = kind == "video" and len(rows) * 3 < len(wanted)
        if wanted and (few or _lasts_us(rows) + _SHORT_BY_US < _promised_us(wanted, scene.span)):
            start_s, end_s = scene.span.start / SECOND_US, scene.span.end / SECOND_US
            fact = f"{scene.source} is damaged between {start_s:.3f} and {end_s:.3f} s"
            raise MediaError(f"{fact}: its {kind} cannot be decoded; take another stretch")


def _promised_us(packets: Sequence[Packet], span: Span) -> int:
    return min(span.end, max(packet.end_us for packet in packets)) - span.start


def _lasts_us(rows: Sequence[Row]) -> int:
    ends = [(row.dts if row.pts is None else row.pts) + row.duration for row in rows]
    return int(max(ends, default=0) * SECOND_US)


# Running ------------------------------------------------------------------------------


def run(
    tool: Tool, words: Words, what: str, *, folder: Path | None = None, level: str = "error"
) -> processes.Done:
    """Run this ffmpeg to its end; ``what`` names what is read or made.

    Raises:
        MediaError: ffmpeg gave up.
        OutputError: there is no room, or it may not be written.
        MissingError: this ffmpeg lacks an encoder or a filter.
    """
    head: Words = [str(tool.path), "-nostdin", "-hide_banner", "-nostats", "-v", level]
    done = processes.run([*head, "-copyts", "-y", *words], halt=tool.halt, folder=folder)
    program.demand_written(done, "the film")
    if done.returncode == 0:
        return done
    log = done.stderr.decode(errors="replace")
    last = program.last_line(log)
    if "Unknown encoder" in log or "No such filter" in log:
        lacks = next(
            (line for line in log.splitlines() if "Unknown" in line or "such" in line), last
        )
        raise MissingError(f"{tool.path} lacks something: {lacks.strip()}; install a full ffmpeg")
    raise MediaError(f"{what} cannot go into the film: {last}; 'vidcut info' tells what it is")


def measure(tool: Tool, words: Words) -> mixing.Level:
    """How loud a sound is, as loudnorm tells in its log."""
    done = run(tool, words, "the sound", level="info")
    return mixing.read_level(done.stderr.decode(errors="replace"))


@cache
def has_text(ffmpeg_path: Path) -> bool:
    """Whether this ffmpeg draws text: it was built with libass."""
    told = processes.run([str(ffmpeg_path), "-hide_banner", "-h", "filter=subtitles"])
    return told.stdout.startswith(b"Filter subtitles")
