"""A contact sheet: moments as tiles with a picture each, as a JPEG, a PNG or a page."""

from __future__ import annotations

import base64
import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from vidcut import lettering, thumbnails
from vidcut.drafts import draft, refused
from vidcut.errors import UsageError
from vidcut.escaping import html_text, readable, visible
from vidcut.records import SECOND_US, Moment
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from vidcut.protocols import Viewer
    from vidcut.records import Hit

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
_PAGES = (".html", ".htm")
_QUALITY = 88
_MOST_TILES = 400
"""Of a picture, which takes 0.3 MB of memory for each; a page takes any number."""

# Pixels.
_WIDE, _HIGH = 320, 180
_TEXT_HIGH, _PAD, _EDGE = 116, 10, 24
_TITLE_HIGH = 52
_LARGE, _MIDDLE, _SMALL = 24, 16, 14
_LINE = 19
_WORD_LINES = 3

_GROUND, _CARD, _BLACK = "#f5f5f7", "#ffffff", "#000000"
_INK, _SOFT, _ACCENT, _LINE_INK = "#1d1d1f", "#6e6e73", "#0a66c2", "#e3e3e8"

_MOST_LABELS = 3
_WORDS_CHARS = 160
_VERBS = {"frame": "seen", "asr": "said", "ocr": "written"}


class Entry(NamedTuple):
    """What a tile shows."""

    moment: Moment
    picture: str | None
    """A ``data:`` URI; None where the video shows nothing."""
    words: str
    """What is said, written or seen there."""


# Gathering ----------------------------------------------------------------------------


def gather(
    moments: Iterable[Moment],
    path_of: Callable[[Moment], Path],
    reader: Viewer,
    *,
    threads: int = 1,
) -> list[Entry]:
    """The moments with a picture of each, taken where its best evidence is."""
    wanted = list(moments)

    def taken(moment: Moment) -> str | None:
        if moment.video.media is not None and moment.video.media.picture is None:
            return None
        time_us = best_time_us(moment)
        return thumbnails.data_uri(reader, path_of(moment), time_us, longest_px=_WIDE)

    with ThreadPoolExecutor(threads, thread_name_prefix="sheet") as pool:
        pictures = pool.map(taken, wanted)
        return [
            Entry(one, picture, words(one)) for one, picture in zip(wanted, pictures, strict=True)
        ]


def best_time_us(moment: Moment) -> int:
    """The middle of the surest evidence, as far as it lies in the moment."""
    if not moment.evidence:
        return moment.span.middle
    return moment.evidence[0].chunk.span.clamp(moment.span).middle


def words(moment: Moment) -> str:
    """What is said, written or seen there, best first."""
    told = (_told(hit) for hit in moment.evidence)
    return readable(" · ".join(dict.fromkeys(told)))


def _told(hit: Hit) -> str:
    text, verb = hit.chunk.text or "", _VERBS.get(hit.chunk.modality, hit.chunk.modality)
    if hit.chunk.modality == "frame":
        text = ", ".join([*dict.fromkeys(filter(None, text.split(", ")))][:_MOST_LABELS])
    if len(text) > _WORDS_CHARS:
        text = text[:_WORDS_CHARS] + "…"
    return f"{verb}: {text}" if text else verb


# Writing ------------------------------------------------------------------------------


def check(output: Path) -> None:
    """Refuse a name that says no format.

    Raises:
        UsageError: it ends in none that is known.
    """
    suffix = output.suffix.lower()
    if suffix not in _FORMATS and suffix not in _PAGES:
        endings = ", ".join((*_FORMATS, _PAGES[0]))
        raise UsageError(f"{output}: a sheet's name ends in {endings}")


def write(
    output: Path, entries: Sequence[Entry], *, title: str = "", overwrite: bool = False
) -> str:
    """Write the sheet, whole or not at all; what a person should know of it, or nothing.

    Args:
        output: its ending chooses the format.
        entries: the tiles, in their order.
        title: a line above them, mostly what was asked.
        overwrite: whether what stands there already is replaced.

    Raises:
        UsageError: the name ends in no known format, or there are too many for a picture.
        OutputError: it exists already (without ``overwrite``) or cannot be written.
    """
    check(output)
    suffix = output.suffix.lower()
    is_page = suffix in _PAGES
    if not is_page and len(entries) > _MOST_TILES:
        fact = f"{output} would show {len(entries)} moments, and a picture holds {_MOST_TILES}"
        raise UsageError(f"{fact}; ask for fewer, or write .html")
    title = readable(title)
    if is_page:
        made = page(entries, title=title).encode("utf-8")
    else:
        written = io.BytesIO()
        drawn(entries, title=title).save(written, _FORMATS[suffix], quality=_QUALITY)
        made = written.getvalue()
    with draft(output, overwrite=overwrite) as part:
        try:
            part.write_bytes(made)
        except OSError as error:
            raise refused(output, error) from error
    texts = (title, *(text for one in entries for text in (one.moment.video.path, one.words)))
    return lettering.NO_CJK if not is_page and lettering.lacks(*texts) else ""


def _times(moment: Moment) -> str:
    lasts_s = moment.span.duration / SECOND_US
    start, end = (format_time(time_us)[:-2] for time_us in (moment.span.start, moment.span.end))
    return f"{start} – {end}  ({lasts_s:.1f} s)"


# As a picture -------------------------------------------------------------------------


def drawn(entries: Sequence[Entry], *, title: str = "") -> Image:
    """The sheet as a picture, about as wide as high."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  (not for --help)

    columns = max(1, math.ceil(math.sqrt(len(entries))))
    rows = max(1, math.ceil(len(entries) / columns))
    top = _EDGE + (_TITLE_HIGH if title else 0)
    step_x, step_y = _WIDE + _EDGE, _HIGH + _TEXT_HIGH + _EDGE
    sheet = Image.new("RGB", (_EDGE + columns * step_x, top + rows * step_y), _GROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        large = lettering.font(_LARGE)
        heading = lettering.shortened(title, large, sheet.width - 2 * _EDGE)
        draw.text((_EDGE, _EDGE), heading, _INK, large)
    for place, entry in enumerate(entries):
        row, column = divmod(place, columns)
        _tile(sheet, draw, entry, (_EDGE + column * step_x, top + row * step_y))
    return sheet


def _tile(sheet: Image, draw: ImageDraw, entry: Entry, corner: tuple[int, int]) -> None:
    moment, (left, top) = entry.moment, corner
    bottom = top + _HIGH + _TEXT_HIGH
    draw.rectangle((left, top, left + _WIDE - 1, bottom - 1), _CARD, _LINE_INK)
    draw.rectangle((left, top, left + _WIDE - 1, top + _HIGH - 1), _BLACK)
    if entry.picture is not None:
        shown = decoded(entry.picture)
        shown.thumbnail((_WIDE, _HIGH))
        sheet.paste(shown, (left + (_WIDE - shown.width) // 2, top + (_HIGH - shown.height) // 2))
    middle, small = lettering.font(_MIDDLE), lettering.font(_SMALL)
    left, right, y = left + _PAD, left + _WIDE - _PAD, top + _HIGH + 6
    score = f"{moment.score:.2f}"
    draw.text((right - middle.getlength(score), y), score, _ACCENT, middle)
    rank = f"{moment.rank}  "
    draw.text((left, y), rank, _ACCENT, middle)
    named = left + middle.getlength(rank)
    room = right - named - middle.getlength(f"{score}  ")
    name = visible(PurePath(moment.video.path).name)
    draw.text((named, y), lettering.shortened(name, middle, room), _INK, middle)
    draw.text((left, y + _LINE + 4), _times(moment), _SOFT, small)
    said = lettering.lines(readable(entry.words), small, _WIDE - 2 * _PAD, most=_WORD_LINES)
    for number, line in enumerate(said, 2):
        draw.text((left, y + number * _LINE + 4), line, _INK, small)


def decoded(picture: str) -> Image:
    """The picture of a ``data:`` URI, RGB."""
    from PIL import Image  # noqa: PLC0415  (not for --help)

    data = base64.b64decode(picture.partition(",")[2])
    return Image.open(io.BytesIO(data)).convert("RGB")


# As a page ----------------------------------------------------------------------------

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --soft: #6e6e73; --line: #e3e3e8;
  --ground: #f5f5f7; --card: #fff; --accent: #0a66c2; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2f4; --soft: #a1a1a8; --line: #38383d;
  --ground: #161618; --card: #212124; --accent: #6cb2ff; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem; background: var(--ground); color: var(--ink);
  font: 14px/1.45 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1 { margin: 0 0 1.2rem; font-size: 1.5rem; overflow-wrap: anywhere; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; overflow: hidden; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; break-inside: avoid; }
.shot { aspect-ratio: 16 / 9; background: #000; }
img { display: block; width: 100%; height: 100%; object-fit: contain; }
figcaption { padding: .6rem .8rem .8rem; }
p { margin: 0; overflow-wrap: anywhere; }
.name { display: flex; gap: .5rem; font-weight: 600; }
.name bdi { flex: 1; min-width: 0; }
.name b { color: var(--accent); }
.times { color: var(--soft); font-variant-numeric: tabular-nums; }
"""


def page(entries: Iterable[Entry], *, title: str = "") -> str:
    """The sheet as an HTML document that loads nothing and runs nothing."""
    name = html_text(title) or "vidcut"
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="und"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{name}</title><style>{_STYLE}</style></head><body>",
            f"<h1><bdi>{name}</bdi></h1><main>",
            *(line for entry in entries for line in _figure(entry)),
            "</main></body></html>\n",
        )
    )


def _figure(entry: Entry) -> Iterator[str]:
    moment = entry.moment
    image = f'<img alt="" src="{html_text(entry.picture)}">' if entry.picture else ""
    yield f'<figure><div class="shot">{image}</div><figcaption>'
    path = PurePath(moment.video.path)
    name = f'<bdi title="{html_text(visible(str(path)))}">{html_text(visible(path.name))}</bdi>'
    yield f'<p class="name"><b>{moment.rank}</b>{name}<b>{moment.score:.2f}</b></p>'
    yield f'<p class="times">{_times(moment)}</p>'
    yield f"<p><bdi>{html_text(entry.words)}</bdi></p></figcaption></figure>"
