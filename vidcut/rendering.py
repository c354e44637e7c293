"""An edit → one film, by ffmpeg.

Each item is encoded alone, to a whole number of frames of one size and rate, several at once;
the parts are joined as they are. Their sound is laid by its samples, evened, and encoded in
one piece. So nothing drifts, however many items there are. The film is written beside its
place under a hidden name, decoded from end to end, and only then gets its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import film_arguments, mixing
from vidcut.arguments import SOUND_ONLY, muxer_of
from vidcut.drafts import demand_room, draft, full, is_full, is_one_of, refused, workshop
from vidcut.errors import MediaError, OutputError, UsageError
from vidcut.film import SOUND_HZ, Fit, ffmetadata, lay
from vidcut.packets import streams
from vidcut.records import Gap, Take
from vidcut.shooting import Studio, measure, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidcut.film import Chapter, Film, Laid
    from vidcut.film_arguments import Words
    from vidcut.mixing import Level
    from vidcut.program import Tool
    from vidcut.records import Edit, Failure, Span

_BYTES_PER_S = 2 * 8 * SOUND_HZ
"""The takes' sound and the film's, both raw; the pictures need no less."""
_SHOOTING = 0.9
"""The share of the work that the parts are: measured on reels of 5 to 60 s, 0.85 to 0.95."""
_LIMITED_TIMES = 4
"""Each time comes nearer; noise is there after 2, clicks of 0.5 ms after 3."""
_SOUND_OFF_S = 0.05
"""Two frames of AAC, by which its end may differ."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a film is made of an edit."""

    fit: Fit = Fit.PAD
    fade_us: int = 0
    """How long neighbours fade into each other; 0 for cuts."""
    music: Path | None = None
    """A file whose sound is laid under the film, softer while something is heard."""
    workers: int = 0
    """How many items are encoded at once; 0 for as many as there are cores."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A film that was made."""

    path: str
    duration_us: int
    chapters: tuple[Chapter, ...]
    places: tuple[tuple[Take | Gap, Span], ...]
    """What the film shows, and when."""
    failures: tuple[Failure, ...] = ()
    """The takes that could not be read and were left out."""
    note: str = ""
    """What is other than was asked, and why."""


def render(  # noqa: PLR0913  (what a film is, who makes it, who may refuse it)
    edit: Edit,
    output: Path,
    *,
    options: Options,
    tool: Tool,
    check: Callable[[Path], None] | None = None,
    overwrite: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Rendered:
    """Make an edit's film: H.264 in 8 bits and AAC, at -16 LUFS, with a chapter for each item.

    ``check`` is given the finished file before it gets its name, and raises to refuse it;
    ``progress`` is told the share that is done, 0…1.

    Raises:
        UsageError: the edit is empty, or the output's ending is that of no film.
        MediaError: not one take can be read, or the music cannot.
        OutputError: the output exists already (without ``overwrite``) or cannot be written.
        MissingError: this ffmpeg lacks what is needed.
    """
    _refuse_sources(edit, output, options.music)
    check_ending(output)
    whole = lay(edit, fade_us=options.fade_us)
    if not whole.laid:
        raise UsageError(f"there is nothing to show in {edit.name!r}; give it a moment or more")
    demand_room(output, whole.samples * _BYTES_PER_S // SOUND_HZ)
    with draft(output, overwrite=overwrite) as part, workshop(output) as folder:
        studio = Studio(
            edit, tool, folder.absolute(), options.fit, options.fade_us, options.workers
        )
        studio.progress = lambda share: progress(_SHOOTING * share)
        film = studio.shoot()
        try:
            sound = _sound(studio, film, options.music)
            _join(studio, film, sound, part)
        except OSError as error:
            raise refused(output, error) from error
        _verify(tool, film, part)
        if check is not None:
            check(part)
    progress(1.0)
    return Rendered(
        str(output),
        film.span(film.laid[-1]).end,
        film.chapters(),
        tuple((one.item, film.span(one)) for one in film.laid),
        tuple(studio.failures[number] for number in sorted(studio.failures)),
        _note(studio, film),
    )


def check_ending(output: Path) -> None:
    """Refuse a name that is no film's.

    Raises:
        OutputError: it is so.
    """
    muxer_of(output)
    if output.suffix.lower() in SOUND_ONLY:
        raise OutputError(f"{output} would hold no picture; use .mp4, .mov or .mkv")


def _refuse_sources(edit: Edit, output: Path, music: Path | None) -> None:
    """Raise where the film would take the place of what it is made of."""
    sources = {Path(item.source) for item in edit.items if isinstance(item, Take)}
    if is_one_of(output, sources | ({music} if music is not None else set())):
        fact = f"{output} is what the film is made of"
        raise OutputError(f"{fact}; choose another name for the film")


def _sound(studio: Studio, film: Film, music: Path | None) -> tuple[Words, str]:
    """The film's sound as ffmpeg's inputs and the graph that makes it as loud as a film is."""
    whole = studio.folder / "film.f32"

    def sound_of(one: Laid) -> tuple[Path, float] | None:
        gain = studio.gains.get(one.number)
        return None if gain is None else (studio.sound(one.number), gain)

    with whole.open("wb") as out:
        mixing.lay_takes(film, sound_of, out)
    bed = None if music is None else _bed(studio, film, music)
    inputs, graph = mixing.mixed(whole, bed, film.samples)
    level = measure(studio.tool, mixing.measured(inputs, graph))
    if level.is_silent:
        return inputs, graph
    if level.is_peaky:
        graph, level = _limited(studio.tool, inputs, graph, level)
    return inputs, mixing.evened(graph, level)


def _limited(tool: Tool, inputs: Words, graph: str, level: Level) -> tuple[str, Level]:
    """The sound with its peaks held, by so much louder that they do not make it softer."""
    gain_db = 0.0
    for _ in range(_LIMITED_TIMES):
        gain_db += level.missing_db
        held = mixing.limited(graph, gain_db)
        level = measure(tool, mixing.measured(inputs, held))
        if level.is_near:
            break
    return held, level


def _bed(studio: Studio, film: Film, music: Path) -> Path:
    """The music, as long as the film."""
    once, bed = studio.folder / "music.f32", studio.folder / "bed.f32"
    if not music.is_file():
        raise UsageError(f"{music} is not there or no file; name a music file")
    lasts_s = film.samples / SOUND_HZ
    run(studio.tool, mixing.music(music.absolute(), once, lasts_s), str(music))
    inputs, graph = mixing.mixed(once, None, 0)
    gain = measure(studio.tool, mixing.measured(inputs, graph)).gain
    try:
        with bed.open("wb") as out:
            mixing.lay_music(once, gain, film.samples, out)
    except ValueError as error:
        raise MediaError(f"{music} has no sound; name a music file") from error
    return bed


def _join(studio: Studio, film: Film, sound: tuple[Words, str], part: Path) -> None:
    parts, chapters = studio.folder / "parts.ffconcat", studio.folder / "chapters.ffmeta"
    listed = [(studio.pictures[p].name, float(p.frames / film.rate)) for p in film.parts()]
    parts.write_text(film_arguments.listing(listed), encoding="utf-8")
    chapters.write_text(ffmetadata(film, studio.edit.name), encoding="utf-8")
    words = film_arguments.joined(sound, parts, chapters, muxer_of(part), part)
    run(studio.tool, words, str(part))


def _verify(tool: Tool, film: Film, part: Path) -> None:
    """Decode the film from end to end: each frame is there, and the sound as long as they are.

    Raises:
        MediaError: it is not so.
    """
    done = run(tool, film_arguments.checked(part), "the film")
    found = dict(streams(done.stdout.decode()))
    frames, sound = len(found.get("video", ())), found.get("audio", ())
    heard_s = max(((row.pts or row.dts) + row.duration for row in sound), default=0)
    if frames != film.frames and is_full(part):
        raise full("the film", "it was cut short")
    if frames != film.frames or abs(float(heard_s - film.frames / film.rate)) > _SOUND_OFF_S:
        lasts_s = film.samples / SOUND_HZ
        raise MediaError(
            f"the film has {frames} frames and {float(heard_s):.3f} s of sound instead of"
            f" {film.frames} and {lasts_s:.3f} s; 'vidcut doctor' tells which ffmpeg made it"
        )


def _note(studio: Studio, film: Film) -> str:
    titled = any(isinstance(one.item, Gap) and one.item.title for one in film.laid)
    if titled and not studio.can_write:
        return f"gaps are black without their text: {studio.tool.path} was built without libass"
    return ""
