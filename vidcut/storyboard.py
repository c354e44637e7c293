"""A plan as one page to look at or print: pictures, times, words, alternates (pure).

The page carries its pictures, loads nothing and runs nothing; all that comes from a script or
from footage is escaped.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from vidcut.escaping import html_text, visible
from vidcut.records import SECOND_US
from vidcut.roughcut import Status
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vidcut.roughcut import Plan, Planned, Proposal

MOST_ALTERNATES = 3
_WORDS_CHARS = 140
_MANY_MINUTES_US = 3600 * SECOND_US

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --soft: #6e6e73; --line: #e3e3e8;
  --ground: #f5f5f7; --card: #fff; --accent: #0a66c2; --warn: #b3261e; --hatch: #f3dedc; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2f4; --soft: #a1a1a8; --line: #38383d;
  --ground: #161618; --card: #212124; --accent: #6cb2ff; --warn: #ff8a80; --hatch: #3a2524; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 68rem; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue",
  "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC",
  "Source Han Sans SC", sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.25; letter-spacing: -.01em;
  overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .8rem; font-size: 1.15rem; }
.facts { margin: .3rem 0 1.8rem; color: var(--soft); }
.facts b { color: var(--warn); font-weight: 600; }
.slot { display: grid; grid-template-columns: 20rem 1fr; gap: 1.1rem; margin: 0 0 1rem;
  padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  break-inside: avoid; }
.shot { position: relative; aspect-ratio: 16 / 9; border-radius: 8px; overflow: hidden;
  background: #000; }
.shot img { display: block; width: 100%; height: 100%; object-fit: contain; }
.shot .long { position: absolute; right: .4rem; bottom: .4rem; padding: 0 .4rem; color: #fff;
  border-radius: 5px; background: rgb(0 0 0 / .65); font-size: .8rem; }
.none { display: grid; place-items: center; height: 100%; color: var(--warn); font-weight: 600;
  background: repeating-linear-gradient(45deg, var(--hatch) 0 12px, var(--card) 12px 24px); }
.number { color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums; }
.number b { color: var(--accent); font-size: 1rem; }
.tag { padding: .05rem .45rem; border: 1px solid currentcolor; border-radius: 99px;
  font-size: .75rem; }
.gap .tag, .warn { color: var(--warn); }
.text { margin: .15rem 0 .5rem; font-size: 1.12rem; line-height: 1.45; overflow-wrap: anywhere; }
.why, .from { margin: 0; color: var(--soft); font-size: .88rem; overflow-wrap: anywhere; }
.from { color: var(--ink); }
.score { display: inline-block; width: 4rem; height: .45rem; margin-right: .35rem;
  border-radius: 99px; background: var(--line); vertical-align: .08em; overflow: hidden; }
.score i { display: block; height: 100%; background: var(--accent); }
.others { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; margin-top: .8rem;
  padding-top: .7rem; border-top: 1px solid var(--line); }
.others .shot { border-radius: 5px; }
.others p { margin: .2rem 0 0; color: var(--soft); font-size: .74rem; line-height: 1.35;
  overflow-wrap: anywhere; }
@media (max-width: 44rem) { .slot { grid-template-columns: 1fr; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #555; --line: #ccc;
    --ground: #fff; --card: #fff; --hatch: #eee; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  .slot { grid-template-columns: 6.4cm 1fr; padding: .3cm; border-radius: 0; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""


def page(
    plan: Plan,
    starts_us: Mapping[int, int],
    picture: Callable[[Proposal], str | None],
) -> str:
    """The plan as an HTML document.

    Args:
        plan: what the film is to be.
        starts_us: slot → when it begins in the film; those that it leaves out are not in it.
        picture: a ``data:`` address of what a stretch shows, None where nothing can be shown.
    """
    name = html_text(plan.name)
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="und"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{name}</title><style>{_STYLE}</style></head><body>",
            f'<h1><bdi>{name}</bdi></h1><p class="facts">{_facts(plan)}</p>',
            *_slots(plan, starts_us, picture),
            "</body></html>\n",
        )
    )


def _facts(plan: Plan) -> str:
    shown = [one.proposal for one in plan.planned if one.proposal is not None]
    videos = len({one.video.id for one in shown})
    lasts_us = sum(one.span.duration for one in shown)
    facts = f"{len(plan.planned)} slots · {len(shown)} filled, {_clock(lasts_us)} from {videos}"
    facts += f" {'video' if videos == 1 else 'videos'}"
    gaps = ", ".join(str(one.slot.number) for one in plan.gaps)
    return f"{facts} · <b>nothing fits {gaps}</b>" if gaps else facts


def _slots(
    plan: Plan, starts_us: Mapping[int, int], picture: Callable[[Proposal], str | None]
) -> Iterator[str]:
    chapter = ""
    for one in plan.planned:
        if one.slot.chapter != chapter:
            chapter = one.slot.chapter
            yield f"<h2><bdi>{html_text(chapter)}</bdi></h2>"
        yield _card(one, starts_us.get(one.slot.number), picture)


def _card(one: Planned, at_us: int | None, picture: Callable[[Proposal], str | None]) -> str:
    slot, shown = one.slot, one.proposal
    at = "not in the film" if at_us is None else f"at {_clock(at_us)}"
    tag = "" if one.status is Status.FOUND else f' <span class="tag">{one.status.value}</span>'
    lines = [
        f'<section class="slot {one.status.value}">',
        _shot(shown, picture, slot.duration_us),
        f'<div><p class="number" style="margin:0"><b>{slot.number}</b> {at}{tag}</p>',
        f'<p class="text"><bdi>{html_text(slot.text)}</bdi></p>',
    ]
    if shown is not None:
        lines.append(_from(shown, one))
        lines += [f'<p class="why"><bdi>{_short(str(why))}</bdi></p>' for why in shown.evidence]
    if one.alternates:
        lines.append('<div class="others">')
        lines += [_other(other, picture) for other in one.alternates[:MOST_ALTERNATES]]
        lines.append("</div>")
    return "\n".join([*lines, "</div></section>"])


def _shot(
    shown: Proposal | None, picture: Callable[[Proposal], str | None], duration_us: int
) -> str:
    long = f'<span class="long">{duration_us / SECOND_US:.1f} s</span>'
    if shown is None:
        return f'<div class="shot"><div class="none">nothing fits</div>{long}</div>'
    long = f'<span class="long">{shown.span.duration / SECOND_US:.1f} s</span>'
    return f'<div class="shot">{_image(shown, picture)}{long}</div>'


def _image(shown: Proposal, picture: Callable[[Proposal], str | None]) -> str:
    uri = picture(shown)
    return f'<img alt="" src="{html_text(uri)}">' if uri is not None else ""


def _from(shown: Proposal, one: Planned) -> str:
    wide = round(100 * min(1.0, max(0.0, shown.score)))
    missing_s = one.short_us / SECOND_US
    short = f' <span class="warn">{missing_s:.1f} s short</span>' if missing_s >= 0.1 else ""  # noqa: PLR2004  (what is shown)
    return (
        f'<p class="from"><span class="score"><i style="width:{wide}%"></i></span>'
        f"{shown.score:.2f} · <bdi>{html_text(visible(shown.video.path))}</bdi>"
        f" · {_times(shown)}{short}</p>"
    )


def _other(other: Proposal, picture: Callable[[Proposal], str | None]) -> str:
    name = html_text(visible(PurePath(other.video.path).name))
    return (
        f'<div><div class="shot">{_image(other, picture)}</div>'
        f"<p>{other.score:.2f} · <bdi>{name}</bdi><br>{_times(other)}</p></div>"
    )


def _times(shown: Proposal) -> str:
    return f"{_clock(shown.span.start)}–{_clock(shown.span.end)}"


def _clock(time_us: int) -> str:
    """``1:15.5``: tenths of seconds, and hours where there are some."""
    whole = format_time(time_us)[:-2]
    return whole if time_us >= _MANY_MINUTES_US else whole[3:]


def _short(text: str) -> str:
    return html_text(text if len(text) <= _WORDS_CHARS else f"{text[:_WORDS_CHARS]}…")
