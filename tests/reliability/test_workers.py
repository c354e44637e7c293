"""A decoder that crashes, hangs, eats memory or babbles costs one file, and one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut import library, pipeline, plugins, running, viewing, workers
from vidcut.errors import MediaError, MissingError
from vidcut.footage import Selection
from vidcut.indexing import Tools
from vidcut.readers import pyav
from vidcut.records import (
    SECOND_US,
    Cue,
    Draft,
    Failure,
    Harvest,
    PictureWindow,
    Sample,
    Space,
    Span,
    SubtitleTrack,
)
from vidcut.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.records import SoundWindow
    from vidcut.register import Progress, Tally

SAMPLES = Path(__file__).parents[2] / "sample_media"
SPACE = Space("fake", 4, "1")
VECTOR = np.array([1, 0, 0, 0], np.float32)
FLAT = plugins.load("stores", "flat")
WINDOW_US = 60 * SECOND_US
ONE = Sample(0, Span(0, 1), np.zeros((2, 2, 3), np.uint8))
OVER = PictureWindow(Span(0, 1), (), ())


def command(memory_bytes: int = 600 << 20) -> list[str]:
    """What starts a process with the reader ``broken``, which is none of vidcut's."""
    made = workers.command("broken")
    folder = str(Path(__file__).with_name("plugins"))
    ours = f"from vidcut import readers; readers.__path__.append({folder!r}); decoding.main()"
    made[made.index(workers._BOOT)] = workers._BOOT.replace("decoding.main()", ours)
    return [*made[:-1], str(memory_bytes)]


@pytest.fixture
def broken() -> Iterator[Workers]:
    made = Workers(command(), patience_s=2.5)
    yield made
    made.close()
    assert not children()


def children() -> list[int]:
    """The decoding processes that this one started and that live."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            facts = (place / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(facts[1]) == os.getpid() and b"decoding" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except (OSError, ValueError):
            continue
    return found


def wait_until_none_of(pids: Sequence[int]) -> None:
    give_up = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def seen(reader: Workers, name: str) -> tuple[list[PictureWindow], str]:
    """The windows of a file, and why there are no more."""
    windows: list[PictureWindow] = []
    try:
        windows.extend(reader.windows(Path(name), start_us=0, longest_px=8))
    except MediaError as error:
        return windows, str(error)
    return windows, ""


# One file at a time -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crash.mp4", "the decoder crashed (SIGSEGV) at "),
        ("leave.mp4", "the decoder crashed (exit status 3) at "),
        ("hang.mp4", "the decoder got no further for 2.5 s at "),
        ("spin.mp4", "the decoder got no further for 2.5 s at "),
        ("freeze.mp4", "the decoder got no further for 2.5 s at "),
        ("eat.mp4", "decoding takes more than 600 MiB of memory at "),
        ("babble.mp4", "the decoder lost its way ("),
        ("fail.mp4", "it is damaged"),
    ],
)
def test_what_came_before_stays_and_the_next_file_is_read(
    broken: Workers, name: str, reason: str
) -> None:
    windows, told = seen(broken, name)
    assert told.startswith(reason)
    assert "\n" not in told
    assert [window.span for window in windows] == [Span(0, WINDOW_US)]
    windows, told = seen(broken, "a.mp4")
    assert [window.span.start for window in windows] == [0, WINDOW_US, 2 * WINDOW_US]
    assert not told
    assert len(children()) == 1


def test_the_place_of_a_crash_is_told(broken: Workers) -> None:
    _, told = seen(broken, "crash-slow.mp4")
    assert 30 < float(told.partition(" at ")[2].split()[0]) <= 70
    with pytest.raises(MediaError, match=r"crashed \(SIGSEGV\) when it was opened; convert"):
        broken.probe(Path("crash-probe.mp4"))


def test_a_slow_file_is_waited_for() -> None:
    patient = Workers(command(), patience_s=1.5)
    windows, told = seen(patient, "slow.mp4")  # some five seconds
    patient.close()
    assert len(windows) == 3
    assert not told


def test_what_libraries_print_is_no_answer(broken: Workers) -> None:
    windows, told = seen(broken, "print.mp4")
    assert len(windows) == 3
    assert not told


def test_a_decoder_has_no_input_and_writes_no_file(broken: Workers, tmp_path: Path) -> None:
    _, told = seen(broken, str(tmp_path / "write.mp4"))
    assert "File too large" in told
    assert (tmp_path / "write.written").stat().st_size == 0


def test_what_is_missing_ends_the_run(broken: Workers) -> None:
    with pytest.raises(MissingError, match="get it"):
        broken.probe(Path("lack-probe.mp4"))


def test_a_file_does_not_pay_for_the_one_before(broken: Workers) -> None:
    for name in ("poison.mp4", "a.mp4", "b.mp4"):
        assert broken.probe(Path(name)).duration_us == 150 * SECOND_US


def test_cues_and_single_pictures_come_through(broken: Workers) -> None:
    track = SubtitleTrack(3, "text", None)
    assert broken.cues(Path("a.mp4"), track) == [Cue(Span(0, SECOND_US), "a.mp4 3")]
    assert (
        broken.picture(Path("a.mp4"), 30 * SECOND_US, longest_px=5).tolist()
        == [[[200] * 3] * 5] * 5
    )


def test_one_that_is_listened_to_no_more_is_ended(broken: Workers) -> None:
    next(iter(broken.sound(Path("a.mp4"))))
    assert children() == []


def test_those_that_were_started_early_are_asked_first(broken: Workers) -> None:
    broken.start(2)
    started = set(children())
    assert len(started) == 2
    broken.probe(Path("fine"))
    assert set(children()) == started


def test_one_that_died_before_it_was_asked_is_replaced(broken: Workers) -> None:
    broken.start(1)
    (started,) = children()
    os.kill(started, signal.SIGKILL)
    assert broken.probe(Path("fine")).duration_us
    assert started not in children()


def test_none_is_started_before_it_is_needed(broken: Workers) -> None:
    assert children() == []
    broken.probe(Path("a.mp4"))
    assert len(children()) == 1


def test_many_may_be_asked_at_once(broken: Workers) -> None:
    found: list[int] = []

    def hear() -> None:
        found.append(sum(len(block.samples) for block in broken.sound(Path("a.mp4"))))

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [150 * 16_000] * 4


def test_who_waits_is_freed_when_all_is_closed() -> None:
    patient = Workers(command(), patience_s=600)
    windows = patient.windows(Path("hang.mp4"), start_us=0, longest_px=8)
    next(windows)
    threading.Timer(0.3, patient.close).start()
    with pytest.raises(MediaError):
        next(windows)
    assert children() == []
    with pytest.raises(MediaError):
        patient.probe(Path("a.mp4"))


@pytest.mark.parametrize(
    "fate",
    ["hang", *(pytest.param(one, marks=pytest.mark.slow) for one in ("freeze", "spin", "slow"))],
)
def test_no_decoder_outlives_who_started_it(fate: str) -> None:
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_workers
reader = test_workers.Workers(test_workers.command(), patience_s=60)
for window in reader.windows(Path({f"{fate}.mp4"!r}), start_us=0, longest_px=8):
    print(*test_workers.children(), flush=True)
"""
    started = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with started:
        assert started.stdout is not None
        pids = [int(pid) for pid in started.stdout.readline().split()]
        assert pids
        started.send_signal(signal.SIGKILL)
    wait_until_none_of(pids)


def test_idle_ones_end_with_who_started_them() -> None:
    code = """
import test_workers
from pathlib import Path
reader = test_workers.Workers(test_workers.command())
reader.probe(Path("a.mp4"))
print(*test_workers.children())
"""
    here = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=here,
    )
    assert not done.stderr
    wait_until_none_of([int(pid) for pid in done.stdout.split()])


def test_it_gets_little_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "a secret")
    reader = Workers(command())
    reader.probe(Path("a.mp4"))
    (pid,) = children()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    reader.close()
    assert b"secret" not in environment
    assert b"OPENBLAS_NUM_THREADS=1" in environment


def test_a_window_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_MOST_WINDOW_BYTES", 2 * ONE.picture.nbytes)
    fits: list[Sample | PictureWindow] = [ONE, ONE, OVER] * 3
    assert list(workers._bounded(iter(fits))) == fits
    with pytest.raises(MediaError, match="lost its way"):
        list(workers._bounded(iter([ONE, ONE, ONE, OVER])))


@pytest.mark.parametrize("parts", [[OVER], [ONE, OVER, OVER], [ONE], [ONE, OVER, ONE]])
def test_a_window_without_samples_or_end_is_refused(parts: list[Sample | PictureWindow]) -> None:
    with pytest.raises(MediaError, match="lost its way"):
        list(workers._bounded(iter(parts)))


# As it is in this process -------------------------------------------------------------


@pytest.mark.parametrize("start_us", [0, WINDOW_US])
def test_real_media_come_out_as_in_this_process(start_us: int) -> None:
    path = next(iter(sorted(SAMPLES.rglob("*.mp4"))))
    here, there = viewing.Here(pyav.create()), Workers(workers.command("pyav"))
    assert there.probe(path) == here.probe(path)
    pairs = zip(
        there.windows(path, start_us=start_us, longest_px=64),
        here.windows(path, start_us=start_us, longest_px=64),
        strict=True,
    )
    for one, other in pairs:
        assert (one.span, one.cuts, one.lost_us) == (other.span, other.cuts, other.lost_us)
        for sample, same in zip(one.samples, other.samples, strict=True):
            assert (sample.time_us, sample.span) == (same.time_us, same.span)
            assert np.array_equal(sample.picture, same.picture)
    there.close()


# A whole index run --------------------------------------------------------------------


@dataclass
class Brightness:
    name: str = "frame"
    recipe: str = "brightness"
    space: Space = SPACE

    def read(self, window: PictureWindow) -> Harvest:
        drafts = [
            Draft(s.span, f"{int(s.picture.mean())} at {s.time_us}", VECTOR) for s in window.samples
        ]
        return Harvest(drafts, window.span.end)


@dataclass
class Hush:
    name: str = "asr"
    recipe: str = "hush"
    space: Space = SPACE

    def read(self, window: SoundWindow) -> Harvest:
        return Harvest([Draft(window.span, f"{window.samples.sum()}", VECTOR)], window.span.end)

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        return Harvest([Draft(cue.span, cue.text, VECTOR) for cue in cues], cues[-1].span.end)


class NoSubtitles:
    def sidecar(self, path: Path) -> Path | None:
        return None if path.name else path

    def read_sidecar(self, path: Path) -> Sequence[Cue]:
        raise MediaError(path.name)


class Room:
    """A folder of files, and a library of it."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.failures: list[Failure] = []
        for name in names:
            (folder / name).write_text(name, "ascii")

    def index(self, *, retry: bool = False, patience_s: float = 1.5) -> Tally:
        reader = Workers(command(), patience_s=patience_s)
        tools = Tools(
            reader=reader,
            subtitles=NoSubtitles(),
            pictures=(Brightness(),),
            sounds=(),
            transcriber=Hush(),
            use_subtitles=False,
            sample_px=8,
            release=reader.close,
        )
        self.failures.clear()
        watch = running.Watch(self.failures.append, self.watch)
        with library.open_to_write(self.folder / ".vidcut", FLAT, create=True) as holdings:
            return pipeline.index(
                holdings, (self.folder,), tools, selection=Selection(), retry=retry, watch=watch
            )

    def watch(self, progress: Progress) -> None:
        """Nothing."""

    def chunks(self, name: str) -> tuple[str, list[tuple[str, Span]]]:
        holdings = library.open_(self.folder / ".vidcut", FLAT)
        try:
            video = holdings.catalog.video_at(name)
            assert video is not None
            chunks = holdings.catalog.chunks_of(video.id)
            return video.state, sorted((chunk.modality, chunk.span) for chunk in chunks)
        finally:
            holdings.close()


def test_a_run_goes_on_past_whatever_decoders_do(tmp_path: Path) -> None:
    bad = ["babble", "crash", "crash-probe", "crash-sound", "eat", "freeze", "hang", "spin"]
    room = Room(tmp_path, "a.mp4", "z.mp4", *(f"{name}.mp4" for name in bad))
    tally = room.index()
    assert sorted(failure.path for failure in room.failures) == sorted(
        f"{name}.mp4" for name in bad
    )
    assert all("\n" not in failure.reason for failure in room.failures)
    assert tally.videos == len(bad) + 1
    good = room.chunks("a.mp4")
    assert good[0] == "ok"
    assert room.chunks("z.mp4") == good
    assert room.chunks("crash-probe.mp4") == ("failed", [])
    for name in ("crash", "eat", "freeze", "hang", "spin"):
        state, chunks = room.chunks(f"{name}.mp4")
        assert state == "partial"
        assert chunks == [c for c in good[1] if c[0] == "asr" or c[1].end <= WINDOW_US]
    state, chunks = room.chunks("crash-sound.mp4")
    assert state == "partial"
    assert {modality for modality, _ in chunks} == {"frame"}


def test_what_failed_is_tried_again_on_request_only(tmp_path: Path) -> None:
    room = Room(tmp_path, "crash.mp4", "crash-probe.mp4")
    room.index()
    assert room.index().unchanged == 2
    assert room.failures == []
    room.index(retry=True)
    assert len(room.failures) == 2


def test_what_did_not_decode_is_told_once(tmp_path: Path) -> None:
    room = Room(tmp_path, "holes.mp4")
    room.index()
    reason = "7.5 s of its pictures could not be decoded; the rest is indexed"
    assert room.failures == [Failure("holes.mp4", reason)]
    state, chunks = room.chunks("holes.mp4")
    assert state == "partial"
    assert {"asr", "frame"} == {modality for modality, _ in chunks}
    assert room.index().unchanged == 1
    assert room.failures == []


def test_an_interrupted_run_leaves_no_process(tmp_path: Path) -> None:
    room = Room(tmp_path, "hang.mp4", "slow.mp4")
    threading.Timer(3, signal.raise_signal, (signal.SIGINT,)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        room.index(patience_s=60)
    assert time.monotonic() - begun < 8
    assert children() == []
    assert not [thread for thread in threading.enumerate() if thread.name == "see"]
