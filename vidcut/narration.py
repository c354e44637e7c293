"""What a narrator says, and when: a sound file to sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut import indexing, plugins, wiring
from vidcut.errors import MediaError, UsageError
from vidcut.footage import Footage
from vidcut.indexing import Faltered, Job, Made, SoundTask, Tools

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Draft
    from vidcut.settings import Settings


def sentences(path: Path, chosen: Settings) -> list[Draft]:
    """The sentences of a sound or video file, in order of time, with their words' times.

    Subtitles that lie beside it are read instead, as when footage is indexed.

    Raises:
        UsageError: it cannot be read, or nothing is said in it.
        MissingError: there are no weights to hear with.
    """
    tools = _tools(chosen)
    try:
        facts = path.stat()
        media = tools.reader.probe(path)
    except (OSError, MediaError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be heard ({reason}); give a sound file") from error
    footage = Footage(path, facts.st_size, facts.st_mtime_ns)
    tasks = [task for task in indexing.wanted(path, media, tools) if isinstance(task, SoundTask)]
    drafts: list[Draft] = []
    for report in indexing.listener(tools)(Job(0, footage, media, (), tuple(tasks))):
        if isinstance(report, Faltered):
            raise UsageError(f"{path} cannot be heard ({report.failure}); give another file")
        if isinstance(report, Made):
            drafts += [draft for one in report.harvests.values() for draft in one.drafts]
    if not drafts:
        raise UsageError(f"nothing is said in {path}; give the narration, or leave --voice out")
    return sorted(drafts, key=lambda draft: draft.span)


def _tools(chosen: Settings) -> Tools:
    """The tools of an index run, as far as speech needs them."""
    speech = plugins.load("modalities", wiring.SPEECH)
    return Tools(
        reader=wiring.reader(chosen.reader),
        subtitles=speech.subtitles(),
        pictures=(),
        sounds=(),
        transcriber=speech.create(wiring.modality_options(chosen), wiring.encoder("e5", chosen)),
        use_subtitles=chosen.asr == "auto",
        sample_px=0,
    )
