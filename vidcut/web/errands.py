"""What is done for the page in a process of its own: cutting, films, timelines, indexing.

It may take all cores, crash or be ended without the server. It is ended gently: by SIGINT, and
by SIGIO when the server dies however it dies, both of which end it as Ctrl-C ends a command, so
that neither drafts nor processes are left behind.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import vidcut
from vidcut import cutting, editing, exporting, plugins, program, reel, rendering, wire, wiring
from vidcut.drafts import draft, workshop
from vidcut.errors import MediaError, UsageError, VidcutError
from vidcut.film import Fit
from vidcut.finish import Finish
from vidcut.modes import Shape
from vidcut.processes import live_only_with, own_pipes
from vidcut.records import SECOND_US, Gap, Span, Take
from vidcut.wire import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vidcut.records import Edit
    from vidcut.register import Progress

_INTERRUPTED = 130
_BEAT_S = 5.0
_TALL_PX = (1080, 1920)
_FADE_US = 300_000
_SHARES = 1000
"""What a film's progress is counted in."""


def main() -> None:
    """Do the one errand that is read, and tell how it goes; the last argument is the lifeline."""
    signal.signal(signal.SIGIO, signal.default_int_handler)
    live_only_with(int(sys.argv[-1]))
    requests, answers = own_pipes()
    report = Report(answers)
    try:
        errand = json.loads(requests.readline())
        report.beat()
        _DO[errand["kind"]](errand, report)
        report.tell("done", {})
    except VidcutError as error:
        report.tell("failed", {"reason": str(error)})
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(_INTERRUPTED)  # native libraries may still be at work, and stop for nobody
    except Exception as error:  # noqa: BLE001  (told where a person sees it)
        report.tell("failed", {"reason": f"unforeseen {type(error).__name__}: {error}"})
    os._exit(0)


class Report:
    """Tells the server how an errand goes; from any thread."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._lock = threading.Lock()

    def tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        """One message."""
        with self._lock:
            wire.write(self._answers, Message(kind, facts))

    def state(self, done: float, total: float | None, note: str = "") -> None:
        """How far it is."""
        self.tell("state", {"done": done, "total": total, "note": note})

    def made(self, path: str) -> None:
        """A file that is there now, and whole."""
        self.tell("file", {"path": path})

    def remark(self, text: str) -> None:
        """What a person should know besides."""
        self.tell("remark", {"text": text})

    def beat(self) -> None:
        """Say now and then that it is alive, however long a model takes to load."""

        def beating() -> None:
            try:
                while True:
                    self.tell("beat", {})
                    resting.wait(_BEAT_S)
            except OSError:
                return  # nobody listens: the main thread learns it in its own way

        resting = threading.Event()
        threading.Thread(target=beating, daemon=True).start()


# Clips --------------------------------------------------------------------------------


def _cut(errand: Mapping[str, Any], report: Report) -> None:
    """Each moment a clip of its own."""
    mode = vidcut.Mode.COPY if errand["copy"] else vidcut.Mode.EXACT
    finish = Finish(shape=Shape.VERTICAL) if errand["vertical"] else Finish()
    folder, plans = Path(errand["folder"]), []
    for number, item in enumerate(errand["items"], 1):
        source, span = Path(item["path"]), Span(item["start_us"], item["end_us"])
        suffix = cutting.suffix_of(source, mode)
        name = cutting.file_name(number, source.stem, span, suffix=suffix)
        plans.append(cutting.CutPlan(source, span, folder / name, mode, finish))
    plans = cutting.distinct(plans)
    failed = 0
    report.state(0, len(plans))
    for number, made in enumerate(vidcut.cut(plans), 1):
        if isinstance(made, vidcut.Failure):
            failed += 1
            report.remark(made.reason)
        else:
            report.made(made.path)
            if made.note:
                report.remark(f"{Path(made.path).name}: {made.note}")
        report.state(number, len(plans))
    if failed == len(plans):
        raise MediaError("no clip could be cut; the remarks say why")


# Films and timelines ------------------------------------------------------------------


def _film(errand: Mapping[str, Any], report: Report) -> None:
    """All items one film."""
    output = Path(errand["folder"]) / f"{cutting.slug(errand['name'])}.mp4"
    eyes = wiring.reader("pyav")
    options = rendering.Options(
        Fit.CROP if errand["vertical"] else Fit.PAD,
        _FADE_US if errand["fade"] else 0,
    )

    def check(part: Path) -> None:
        eyes.probe(part)

    made = rendering.render(
        _edit(errand, report, eyes.probe),
        output,
        options=options,
        tool=program.find(),
        check=check,
        progress=lambda share: report.state(round(share * _SHARES), _SHARES),
    )
    for failure in made.failures:
        report.remark(failure.reason)
    if made.note:
        report.remark(made.note)
    report.made(made.path)


def _export(errand: Mapping[str, Any], report: Report) -> None:
    """All items one timeline; one that is a folder is packed."""
    name = errand["format"]
    suffix = plugins.load("exporters", name).SUFFIXES[0]
    output = Path(errand["folder"]) / f"{cutting.slug(errand['name'])}{suffix}"
    edit = _edit(errand, report, wiring.reader("pyav").probe)
    if not any(isinstance(item, Take) for item in edit.items):
        raise MediaError("there is nothing to export; the remarks say why")
    exporting.export(edit, output, format_name=name)
    report.made(str(_packed(output) if output.is_dir() else output))


def _edit(errand: Mapping[str, Any], report: Report, probe: Callable[[Path], Any]) -> Edit:
    """The items in their order; what cannot be read is left out, and that is told."""
    size = _TALL_PX if errand.get("vertical") else None
    items = list(_items(errand["items"], report, probe))
    return editing.edit_of(_titled(items), errand["name"], size=size)


def _items(
    wanted: Sequence[Mapping[str, Any]], report: Report, probe: Callable[[Path], Any]
) -> Iterator[Take | Gap]:
    for item in wanted:
        if item["path"] is None:
            yield Gap(item["end_us"] - item["start_us"], item["title"])
            continue
        span = Span(item["start_us"], item["end_us"])
        said = editing.Said(Path(item["path"]), span, {"query": item["title"]})
        for _, take in editing.takes_of([said], probe):
            if isinstance(take, vidcut.Failure):
                report.remark(take.reason)
            else:
                yield take


def _titled(items: Sequence[Take | Gap]) -> Iterator[Take | Gap]:
    """The takes named as a reel's are."""
    for item in items:
        yield item if isinstance(item, Gap) else reel.titled([item])[0]


def _packed(folder: Path) -> Path:
    output = folder.with_name(f"{folder.name}.zip")
    with workshop(output) as aside, draft(output, overwrite=False) as part:
        made = shutil.make_archive(str(aside / "packed"), "zip", folder.parent, folder.name)
        Path(made).replace(part)
    return output


# The library --------------------------------------------------------------------------


def _index(errand: Mapping[str, Any], report: Report) -> None:
    """Bring the library up to date with folders."""

    def progress(run: Progress) -> None:
        report.state(
            round(run.share * _SHARES), _SHARES, f"{run.files_done}/{run.files} {run.path}"
        )

    def failed(failure: vidcut.Failure) -> None:
        report.remark(f"{failure.path}: {failure.reason}")

    report.state(0, None)
    with vidcut.Library(errand["library"], **errand["overrides"]) as library:
        tally = library.index(
            *errand["paths"], retry=bool(errand["retry"]), watch=vidcut.Watch(failed, progress)
        )
    if tally.found_nothing:
        raise UsageError(f"there is no video or sound in {', '.join(errand['paths'])}")
    minutes = tally.duration_us / SECOND_US / 60
    report.state(_SHARES, _SHARES, f"{tally.videos} new, {tally.unchanged} unchanged")
    report.remark(f"{tally.videos} files of {minutes:.1f} minutes, {tally.unchanged} unchanged")


_DO: Mapping[str, Callable[[Mapping[str, Any], Report], None]] = {
    "cut": _cut,
    "reel": _film,
    "script": _film,
    "export": _export,
    "index": _index,
}
