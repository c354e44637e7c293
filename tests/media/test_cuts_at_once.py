"""Several cuts at once, as `pipeline.cut` makes them."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vidcut import clips, ffmpeg, pipeline, plugins
from vidcut.cutting import CutPlan
from vidcut.errors import MissingError, OutputError, UsageError
from vidcut.finish import Finish
from vidcut.modes import Captions, Mode
from vidcut.processes import run
from vidcut.records import Clip, Cue, Failure, Span
from vidcut.viewing import Here

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidcut.protocols import Onlooker

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p",
        "-c:a", "aac")  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("footage") / "a.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=8")
    sound = ("-f", "lavfi", "-i", "sine=d=8")
    run([str(ffmpeg.find().path), "-v", "error", "-nostdin", *picture, *sound, *X264, str(path)])
    return path


@pytest.fixture(scope="module")
def reader() -> Onlooker:
    return Here(plugins.load("readers", "pyav").create())


def plans(source: Path, folder: Path, count: int, **more: object) -> list[CutPlan]:
    return [
        CutPlan(source, Span(k * 500_000, k * 500_000 + 900_000), folder / f"{k}.mp4", **more)  # type: ignore[arg-type]
        for k in range(count)
    ]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_clips_come_in_the_order_of_their_plans(
    source: Path, tmp_path: Path, reader: Onlooker
) -> None:
    wanted = plans(source, tmp_path, 6)
    wanted[2] = CutPlan(source, Span(90_000_000, 91_000_000), tmp_path / "no.mp4")
    made = list(pipeline.cut(wanted, reader=reader))
    assert [Path(one.path).name for one in made] == [
        "0.mp4", "1.mp4", "a.mp4", "3.mp4", "4.mp4", "5.mp4",
    ]  # fmt: skip
    assert isinstance(made[2], Failure)
    assert "nothing to cut" in made[2].reason
    assert names(tmp_path) == ["0.mp4", "1.mp4", "3.mp4", "4.mp4", "5.mp4"]


def test_a_place_that_is_taken_stops_the_rest(
    source: Path, tmp_path: Path, reader: Onlooker
) -> None:
    (tmp_path / "1.mp4").write_text("mine")
    made = pipeline.cut(plans(source, tmp_path, 12), reader=reader)
    assert isinstance(next(made), Clip)
    with pytest.raises(OutputError, match=r"1\.mp4 exists"):
        next(made)
    assert (tmp_path / "1.mp4").read_text() == "mine"
    assert not [name for name in names(tmp_path) if name[0] == "."]
    assert len(names(tmp_path)) < 12


def test_an_interrupt_ends_what_runs(
    source: Path, tmp_path: Path, reader: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids, slow, out = tmp_path / "pids", tmp_path / "ffmpeg", tmp_path / "out"
    slow.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *libx264*) echo $$ >> {pids}; exec sleep 60;; esac\n'
        f'exec {ffmpeg.find().path} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("VIDCUT_FFMPEG", str(slow))
    _interrupt_when(pids.exists)
    with pytest.raises(KeyboardInterrupt):
        next(pipeline.cut(plans(source, out, 4), reader=reader))
    for pid in pids.read_text().split():
        assert not Path("/proc", pid).exists()
    assert names(out) == []


def _interrupt_when(ready: Callable[[], bool]) -> None:
    def interrupt() -> None:
        _wait_for(ready)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt, daemon=True).start()


def _wait_for(ready: Callable[[], bool]) -> None:
    for _ in range(200):
        if ready():
            return
        time.sleep(0.05)
    pytest.fail("it never came")


def test_no_clip_takes_the_place_of_any_source(
    source: Path, tmp_path: Path, reader: Onlooker
) -> None:
    other = tmp_path / "other.mp4"
    other.hardlink_to(source)
    wanted = [
        CutPlan(source, Span(0, 500_000), tmp_path / "c.mp4"),
        CutPlan(source, Span(0, 500_000), other),
    ]
    with pytest.raises(UsageError, match=r"other\.mp4"):
        next(pipeline.cut(wanted, reader=reader, overwrite=True))
    assert names(tmp_path) == ["other.mp4"]


def test_cues_stand_beside_the_clip(source: Path, tmp_path: Path, reader: Onlooker) -> None:
    cue = Cue(Span(1_000_000, 2_000_000), "hot pot")
    finish = Finish(captions=Captions.SRT, cues=(cue,))
    plan = CutPlan(source, Span(500_000, 3_000_000), tmp_path / "c.mp4", Mode.SMART, finish)
    (made,) = pipeline.cut([plan], reader=reader)
    assert isinstance(made, Clip)
    assert made.mode == "smart"
    text = (tmp_path / "c.srt").read_text(encoding="utf-8")
    assert "00:00:00,500 --> 00:00:01,500\nhot pot" in text


def test_an_encoder_that_does_not_work_is_no_failure_of_the_file(
    source: Path, tmp_path: Path, reader: Onlooker, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "ffmpeg"
    fake.write_text(
        "#!/bin/sh\n"
        'case "$*" in *h264_qsv*) echo "no device" >&2; exit 1;; esac\n'
        f'exec {ffmpeg.find().path} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("VIDCUT_FFMPEG", str(fake))
    wanted = plans(source, tmp_path / "out", 2, finish=Finish(encoder="h264_qsv"))
    with pytest.raises(MissingError, match="no device"):
        list(pipeline.cut(wanted, reader=reader))


def test_what_follows_a_clip_gets_its_path(source: Path, tmp_path: Path, reader: Onlooker) -> None:
    plan = CutPlan(source, Span(0, 500_000), tmp_path / "a b;$(touch x).mp4")
    (made,) = pipeline.cut([plan], reader=reader)
    assert isinstance(made, Clip)
    target = tmp_path / "copy.mp4"
    assert clips.follow(f"cp {{}} '{target}'", made) is None
    assert target.read_bytes() == Path(made.path).read_bytes()
    wrong = clips.follow("sh -c 'echo no luck >&2; exit 7'", made)
    assert wrong is not None
    assert "ended with 7: no luck" in wrong.reason
    absent = clips.follow("/no/such/program", made)
    assert absent is not None
    assert "does not run" in absent.reason
    assert clips.write_manifest([(made, "q")], tmp_path).read_text().count("a b;$(touch x)") == 1
    assert names(tmp_path) == ["a b;$(touch x).mp4", "copy.mp4", "manifest.json"]
