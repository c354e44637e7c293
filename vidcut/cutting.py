"""Moments → cut plans: which stretch of which file goes to a file of which name. Pure."""

from __future__ import annotations

import json
import re
import shlex
import string
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from vidcut.errors import UsageError
from vidcut.escaping import JOINERS, is_shapeless
from vidcut.finish import Finish
from vidcut.modes import Mode
from vidcut.records import SECOND_US, Span
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vidcut.records import Clip, Moment

Fact: TypeAlias = int | float | str

NAME_BYTES = 255
"""The longest file name, in bytes, of ext4, APFS, Btrfs and (in UTF-16 units) NTFS."""
_NUMBER_BYTES = 5
"""Of a name, for the _9999 of equal ones: it is not to cost the times by which clips are known."""
SLUG_BYTES = 120
"""Long enough to recognise a query by, short enough for paths of 260 characters."""

# What a stream copy may hold is up to the source; what mp4 cannot hold, Matroska can.
_MATROSKA_SUFFIXES = frozenset({".mkv", ".webm", ".ogv", ".ogg", ".opus", ".wmv", ".asf", ".wma"})
_SOUND_SUFFIXES = frozenset(
    {
        ".aac",
        ".aif",
        ".aiff",
        ".flac",
        ".m4a",
        ".mka",
        ".mp3",
        ".oga",
        ".ogg",
        ".opus",
        ".wav",
        ".wma",
    }
)
_CLIP_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".m4a", ".mkv", ".mka"})
FIELDS = ("rank", "n", "query", "stem", "start", "end", "score", "modality")
"""What a template may name."""
_FORM = re.compile(r"[<>^]?0?[0-9]{0,2}(\.[0-9]{1,2})?[dfs]?")
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Margin:
    """What a clip has more than its moment, before and after it."""

    before_us: int = 0
    after_us: int = 0


@dataclass(frozen=True, slots=True)
class CutPlan:
    """One cut to make; ``source`` and ``output`` are absolute where plan's arguments are."""

    source: Path
    span: Span
    output: Path
    mode: Mode = Mode.EXACT
    finish: Finish = field(default_factory=Finish)

    def __post_init__(self) -> None:
        if self.mode is Mode.COPY and (self.finish.changes_picture or self.finish.encoder):
            fact = "a copied picture is neither changed nor encoded"
            raise UsageError(f"{fact}; give --cut exact with --size, --fps, --encoder and the like")


@dataclass(frozen=True, slots=True)
class Naming:
    """How clips are named: by a template of `FIELDS`, else as `file_name` does."""

    template: str | None = None
    query: str = ""


def plan(  # noqa: PLR0913  (what a plan is made of)
    moment: Moment,
    *,
    source: Path,
    folder: Path,
    margin: Margin,
    mode: Mode = Mode.EXACT,
    finish: Finish | None = None,
    naming: Naming | None = None,
) -> CutPlan:
    """Plan the cut of one moment: its span and margins, kept inside the video.

    ``source`` is where the moment's video lies. The name in ``folder`` is by default
    ``01_<video>_<start>-<end>.mp4``, with the moment's rank and times as ``00.01.15.500``.

    Raises:
        UsageError: the margins leave nothing of the moment, or a template cannot be filled in.
    """
    span = _widened(moment, margin)
    media = moment.video.media
    suffix = suffix_of(source, mode, sound_only=media is not None and media.picture is None)
    finish = finish or Finish()
    if naming is None or naming.template is None:
        name = file_name(moment.rank, source.stem, span, suffix=suffix)
        return CutPlan(source, span, folder / name, mode, finish)
    facts: dict[str, Fact] = {
        "rank": moment.rank,
        "n": moment.rank,
        "query": naming.query,
        "stem": source.stem,
        "start": span.start / SECOND_US,
        "end": span.end / SECOND_US,
        "score": moment.score,
        "modality": moment.evidence[0].chunk.modality if moment.evidence else "",
    }
    return CutPlan(source, span, folder / named(naming.template, facts, suffix), mode, finish)


def distinct(plans: Iterable[CutPlan]) -> list[CutPlan]:
    """The same plans, the outputs of equal names numbered: ``…_2.mp4``, ``…_3.mp4``.

    Names are equal as the file systems of macOS and Windows see it: whatever their case
    and their Unicode normal form.
    """
    taken: set[tuple[Path, str]] = set()
    result: list[CutPlan] = []
    for one in plans:
        output, count = one.output, 1
        while (output.parent, _folded(output.name)) in taken:
            count += 1
            ending = f"_{count}{output.suffix}"
            output = output.with_name(_cut(one.output.stem, NAME_BYTES - len(ending)) + ending)
        taken.add((output.parent, _folded(output.name)))
        result.append(replace(one, output=output))
    return result


def file_name(rank: int, stem: str, span: Span, *, suffix: str) -> str:
    """A clip's name: readable, sortable, at most 255 bytes, safe on every file system."""
    before = f"{rank:02}_"
    after = f"_{_dotted(span.start)}-{_dotted(span.end)}{suffix}"
    room = NAME_BYTES - len(before) - len(after) - _NUMBER_BYTES
    return before + (_cut(_safe(stem), room) or "video") + after


def template_of(output: str) -> tuple[Path, str]:
    """``clips/{rank}_{stem}`` as the folder ``clips`` and the template ``{rank}_{stem}``."""
    before, brace, after = output.partition("{")
    folder, slash, name = before.rpartition("/")
    return Path(folder + slash), name + brace + after


def named(template: str, facts: Mapping[str, Fact], suffix: str) -> Path:
    """A clip's path below its folder, as a template has it; ``suffix`` where it has none.

    ``{rank:02d}_{query}_{stem}_{start}-{end}``: `FIELDS` with the formats that str.format has
    for numbers and texts, and nothing else of it. Times are 00.01.15.500, or seconds where
    they have a format. What is filled in cannot make a folder or an ending.

    Raises:
        UsageError: it has another field or format, or leaves the folder.
    """
    filled = "".join(_filled(template, facts))
    if not filled.strip() or filled.startswith("/") or ".." in filled.split("/"):
        fact = f"the template {template!r} names {filled!r}, which is not in the folder"
        raise UsageError(f"{fact}; leave out .. and a / at the start")
    *folders, name = filled.split("/")
    ending = Path(template).suffix if Path(template).suffix.lower() in _CLIP_SUFFIXES else ""
    stem = _cut(_safe(name.removesuffix(ending)), NAME_BYTES - len(ending or suffix)) or "clip"
    places = (_cut(_safe(place), NAME_BYTES) for place in folders)
    return Path(*(place for place in places if place), stem + (ending or suffix))


def _filled(template: str, facts: Mapping[str, Fact]) -> Iterator[str]:
    try:
        for literal, name, form, conversion in string.Formatter().parse(template):
            yield literal
            if name is None:
                continue
            if name not in FIELDS or conversion or not _FORM.fullmatch(form or ""):
                raise ValueError(f"{{{name}{':' if form else ''}{form}}}")  # noqa: TRY301
            if name not in facts:
                fact = f"the template {template!r} asks for {{{name}}}, which nobody knows here"
                raise UsageError(f"{fact}; leave it out")
            yield _safe(_formatted(name, facts[name], form or ""))
    except ValueError as error:
        fact = f"the template {template!r} cannot be filled in ({error})"
        raise UsageError(f"{fact}; its fields are {{{'}, {'.join(FIELDS)}}}") from error


def _formatted(name: str, value: Fact, form: str) -> str:
    if not form and name in {"start", "end"}:
        return _dotted(round(float(value) * SECOND_US))
    if not form and name == "score":
        return f"{value:.2f}"
    # No query is no name either: a slug of nothing would say "query".
    value = slug(str(value)) if name == "query" and value else value
    return format(value, form)


def suffix_of(source: Path, mode: Mode, *, sound_only: bool | None = None) -> str:
    """The ending of a clip of ``source``; its own ending tells what nobody has looked up."""
    ending = source.suffix.lower()
    if sound_only is None:
        sound_only = ending in _SOUND_SUFFIXES
    if mode is Mode.COPY and ending in _MATROSKA_SUFFIXES:
        return ".mka" if sound_only else ".mkv"
    return ".m4a" if sound_only else ".mp4"


def manifest(clips: Iterable[tuple[Clip, str]], folder: Path) -> str:
    """What clips of which queries were made, as JSON; paths below the folder are relative to it."""
    told = [
        {
            "path": _below(clip.path, folder),
            "source": clip.source,
            "start": clip.span.start / SECOND_US,
            "end": clip.span.end / SECOND_US,
            "query": query,
            "mode": clip.mode,
            "moved": [clip.moved_start_us / SECOND_US, clip.moved_end_us / SECOND_US],
            "note": clip.note,
            "crop": clip.crop,
        }
        for clip, query in clips
    ]
    # Surrogates, from names that are no UTF-8, as escapes: the file itself is UTF-8.
    return json.dumps(told, ensure_ascii=True, indent=1) + "\n"


def _below(path: str, folder: Path) -> str:
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


def command_of(text: str, clip: str) -> list[str]:
    """``mpv {}`` as a program and its arguments, the clip's path in the place of ``{}``.

    The path comes last where no ``{}`` stands.

    Raises:
        UsageError: it names no program, or a quotation mark is missing.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--exec {text!r} cannot be read ({error}); mind its quotes") from error
    if not words or words[0] == "{}":
        raise UsageError(f"--exec {text!r} names no program; write e.g. --exec 'mpv {{}}'")
    words = words if "{}" in words else [*words, "{}"]
    return [clip if word == "{}" else word for word in words]


def slug(query: str) -> str:
    """A folder's name for a query: ``Eating hot pot!`` → ``eating-hot-pot``.

    Letters, digits and pictographs of all scripts stay. ``query`` where nothing is left.
    """
    kept = (char if _speaks(char) else "-" for char in unicodedata.normalize("NFC", query).lower())
    name = re.sub("-+", "-", "".join(kept)).strip("-" + JOINERS)
    name = _cut(name, SLUG_BYTES).strip("-" + JOINERS)
    return f"{name}_" if _RESERVED.fullmatch(name) else name or "query"


def _widened(moment: Moment, margin: Margin) -> Span:
    start = max(0, moment.span.start - margin.before_us)
    end = moment.span.end + margin.after_us
    # A duration that nobody knows (0) limits nothing.
    end = min(end, moment.video.duration_us) if moment.video.duration_us > 0 else end
    if end <= start:
        times = f"{format_time(max(0, moment.span.start))} and {format_time(max(0, end))}"
        raise UsageError(f"nothing of {moment.video.path!r} lies between {times}; widen the margin")
    return Span(start, end)


def _dotted(time_us: int) -> str:
    # Colons are forbidden on Windows and shown as slashes by macOS.
    return format_time(time_us).replace(":", ".")


def _safe(text: str) -> str:
    kept = "".join("_" if _dangerous(char) else char for char in text)
    return kept.strip(" .-" + JOINERS)


def _dangerous(char: str) -> bool:
    # Control, format (bidi marks among them), surrogate, line and paragraph separators;
    # the joiners are format characters too, but emoji and Persian are written with them.
    return char in _FORBIDDEN or (char not in JOINERS and is_shapeless(char))


def _speaks(char: str) -> bool:
    return char in JOINERS or unicodedata.category(char)[0] in "LNM" or _is_pictograph(char)


def _is_pictograph(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} and not char.isascii()


def _cut(text: str, limit_bytes: int) -> str:
    whole = text.encode()
    if len(whole) <= limit_bytes:
        return text
    return whole[:limit_bytes].decode(errors="ignore").rstrip(" .-" + JOINERS)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
