"""`--device auto|cpu|cuda`: who is chosen, and what is done where it fails; by fakes."""

from __future__ import annotations

import ctypes
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import devices, health, plugins, wiring, workers
from vidcut.errors import MissingError
from vidcut.protocols import ModalityOptions
from vidcut.readers import _pictures
from vidcut.records import Span
from vidcut.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).resolve().parents[2] / "sample_media" / "pets.mp4"
H200 = devices.Device("NVIDIA H200", 143771 << 20, (9, 0))


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda", lambda: (H200,))


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda", tuple)


# The driver ---------------------------------------------------------------------------


class Driver:
    """NVIDIA's, as ctypes would show it."""

    def __init__(self, count: int, fault: int = 0) -> None:
        self._count = count
        self._fault = fault

    def cuInit(self, _: int) -> int:  # noqa: N802  (the driver's names)
        return self._fault

    def cuDeviceGetCount(self, count: Any) -> int:  # noqa: N802
        count._obj.value = self._count
        return 0

    def cuDeviceGet(self, handle: Any, number: int) -> int:  # noqa: N802
        handle._obj.value = 40 + number
        return 0

    def cuDeviceGetName(self, name: Any, room: int, handle: Any) -> int:  # noqa: N802
        assert room == len(name)
        name.value = b"GPU %d" % handle.value
        return 0

    def cuDeviceTotalMem_v2(self, memory: Any, handle: Any) -> int:  # noqa: N802
        memory._obj.value = handle.value << 30
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, _: Any) -> int:  # noqa: N802
        value._obj.value = {75: 9, 76: 0}[attribute]
        return 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The driver is what the test says."""

    def made(driver: Driver) -> tuple[devices.Device, ...]:
        monkeypatch.setattr(ctypes, "CDLL", lambda _: driver)
        devices.cuda.cache_clear()
        return devices.cuda()

    yield made
    devices.cuda.cache_clear()


def test_the_driver_names_its_devices(asked: Any) -> None:
    first, second = asked(Driver(2))
    assert first == devices.Device("GPU 40", 40 << 30, (9, 0))
    assert second.name == "GPU 41"


def test_a_driver_without_a_gpu_or_in_trouble_has_none(asked: Any) -> None:
    assert asked(Driver(0)) == ()
    assert asked(Driver(1, fault=100)) == ()  # CUDA_ERROR_NO_DEVICE


def test_without_a_driver_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    devices.cuda.cache_clear()
    assert devices.cuda() == ()
    devices.cuda.cache_clear()


# Choosing -----------------------------------------------------------------------------


def read_by(chosen: workers.Workers) -> list[str]:
    """The reader's name, and that of the one in its stead."""
    return [command[-4] for command in (chosen._command, chosen._instead) if command]


@pytest.mark.usefixtures("gpu")
def test_a_gpu_decodes_where_it_may() -> None:
    assert read_by(wiring.reader("auto", device="auto")) == ["nvdec", "pyav"]
    assert read_by(wiring.reader("auto", device="cuda")) == ["nvdec"]
    assert read_by(wiring.reader("auto", device="cpu")) == ["pyav"]
    assert read_by(wiring.reader("pyav", device="cuda")) == ["pyav"]  # by name


@pytest.mark.usefixtures("no_gpu")
def test_without_one_the_cpu_does_unless_it_was_asked_for() -> None:
    assert read_by(wiring.reader("auto", device="auto")) == ["pyav"]
    assert read_by(wiring.reader("auto", device="cuda")) == ["nvdec"]  # and says what is missing


def test_a_look_at_one_picture_leaves_the_gpu_alone(gpu: None) -> None:
    del gpu
    assert read_by(wiring.reader("auto")) == ["pyav"]


@pytest.mark.parametrize(
    ("device", "name"), [("auto", "faiss_gpu"), ("cuda", "faiss_gpu"), ("cpu", "faiss")]
)
@pytest.mark.usefixtures("gpu")
def test_a_gpu_searches_where_it_may(device: str, name: str) -> None:
    assert wiring.store(Settings(device=device)).__name__ == f"vidcut.stores.{name}"
    assert wiring.store(Settings(device=device, store="flat")).__name__ == "vidcut.stores.flat"


@pytest.mark.usefixtures("no_gpu")
def test_without_one_the_cpu_searches() -> None:
    assert wiring.store(Settings()).__name__ == "vidcut.stores.faiss"
    assert wiring.store(Settings(device="cuda")).__name__ == "vidcut.stores.faiss"


# Reading ------------------------------------------------------------------------------


def test_a_gpu_that_cannot_decode_leaves_it_to_the_cpu_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    if devices.cuda():
        pytest.skip("there is a CUDA device, which can")
    readers = [workers.command(name) for name in ("nvdec", "pyav")]
    eyes = workers.Workers(readers[0], instead=readers[1])
    try:
        eyes.start(2)
        with caplog.at_level(logging.WARNING):
            assert eyes.probe(SAMPLE).picture is not None
            assert eyes.picture(SAMPLE, 0, longest_px=64).shape[2] == 3
            assert next(iter(eyes.windows(SAMPLE, start_us=0, longest_px=64))).samples
        (line,) = caplog.messages
        assert line.startswith("libav finds no NVIDIA GPU that decodes (")
        assert line.endswith("; the CPU decodes")
    finally:
        eyes.close()


def test_a_gpu_that_was_asked_for_and_cannot_decode_is_missing() -> None:
    if devices.cuda():
        pytest.skip("there is a CUDA device, which can")
    eyes = workers.Workers(workers.command("nvdec"))
    try:
        with pytest.raises(MissingError, match="--reader pyav"):
            eyes.probe(SAMPLE)
    finally:
        eyes.close()


class Told:
    """A witness."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def read(self, time_us: int | None) -> None:
        del time_us

    def lost(self, span: Span) -> None:
        self.spans.append(span)


def reader_on_no_device(witness: Told) -> Any:
    """The GPU's reader as it is where libav decodes all of it on the CPU."""
    nvdec, pyav = (plugins.load("readers", name) for name in ("nvdec", "pyav"))
    decoder = _pictures.Decoder(1, nvdec._Doubting(witness))
    return nvdec.NvdecReader(decoder, pyav.create(threads=1, witness=witness))


def test_its_times_and_pictures_are_pyav_s() -> None:
    pyav = plugins.load("readers", "pyav").create(threads=1)
    for start_us in (0, 3_100_000):
        pairs = zip(
            reader_on_no_device(Told()).frames(SAMPLE, start_us=start_us),
            pyav.frames(SAMPLE, start_us=start_us),
            strict=True,
        )
        for count, (mine, wanted) in enumerate(pairs):
            assert mine.time_us == wanted.time_us
            if count % 20 == 0:
                assert np.array_equal(mine.picture(64), wanted.picture(64))


def test_what_seems_damaged_is_read_on_by_the_cpu_which_says_what_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, doubting, witness = _pictures.frames, [], Told()

    def frames(path: Path, **how: Any) -> Any:
        doubting.append(how["decoder"].witness is not witness)
        for count, frame in enumerate(real(path, **how)):
            if len(doubting) == 1 and count == 10:
                how["decoder"].witness.lost(Span(1, 2))
            yield frame

    monkeypatch.setattr(_pictures, "frames", frames)
    found = [frame.time_us for frame in reader_on_no_device(witness).frames(SAMPLE)]
    monkeypatch.undo()
    wanted = plugins.load("readers", "pyav").create(threads=1).frames(SAMPLE)
    assert found == [frame.time_us for frame in wanted]
    assert doubting == [True, False]
    assert witness.spans == []  # the CPU decodes it all


# Hearing ------------------------------------------------------------------------------


class Whisper:
    """On a device, until it fails."""

    def __init__(self, device: str) -> None:
        self.model = type("Model", (), {"device": device})()


@pytest.fixture
def whisper(monkeypatch: pytest.MonkeyPatch) -> Any:
    plugins.load("modalities", "asr")
    found: Any = __import__("vidcut.modalities._whisper", fromlist=["_whisper"])
    monkeypatch.setattr(found, "load", lambda options: Whisper(options.device))
    return found


FULL = RuntimeError("CUDA failed with error out of memory\nin cublas")


def test_speech_goes_on_by_the_cpu_where_the_gpu_fails(
    whisper: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        other = whisper.instead(Whisper("cuda"), ModalityOptions(), FULL)
    assert other.model.device == "cpu"
    (line,) = caplog.messages
    assert line == (
        "Whisper cannot go on with the GPU, so the CPU does (CUDA failed with error out of memory)"
    )


def test_speech_is_refused_where_the_gpu_was_asked_for(whisper: Any) -> None:
    with pytest.raises(MissingError, match="--device auto"):
        whisper.instead(Whisper("cuda"), ModalityOptions(device="cuda"), FULL)


def test_what_fails_on_the_cpu_is_not_the_gpu_s_doing(whisper: Any) -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        whisper.instead(Whisper("cpu"), ModalityOptions(), FULL)


# Telling ------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_gpu")
def test_the_doctor_tells_that_there_is_none() -> None:
    (check,) = health._devices()
    assert (check.state, check.detail) == ("optional", "no CUDA device; models run on the CPU")


@pytest.mark.usefixtures("gpu")
def test_the_doctor_tells_what_could_use_it_and_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plugin:
        def without_gpu(self) -> str:
            return self.said

        said = ""

    told = {"nvdec": "", "open_clip": "torch finds none", "asr": "", "faiss_gpu": "built without"}

    def load(_: str, name: str) -> Any:
        plugin = Plugin()
        plugin.said = told[name]
        return plugin

    monkeypatch.setattr(plugins, "load", load)
    first, *others = health._devices()
    assert first.detail == "NVIDIA H200, 140 GiB, compute capability 9.0"
    assert [check.state for check in others] == ["ok", "optional", "ok", "optional"]
    assert all(check.remedy for check in others if check.state == "optional")


@pytest.mark.parametrize(
    ("family", "name"),
    [(family, name) for family, name, _ in health._ON_CUDA.values()],
    ids="/".join,
)
def test_every_plugin_that_could_use_a_gpu_says_why_it_cannot(family: str, name: str) -> None:
    if devices.cuda():
        pytest.skip("there is a CUDA device")
    assert plugins.load(family, name).without_gpu()


# Measuring ----------------------------------------------------------------------------


def test_the_gpu_s_benchmark_says_that_there_is_nothing_to_measure_it_on() -> None:
    if devices.cuda():
        pytest.skip("there is a CUDA device")
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.py"
    done = subprocess.run(
        [sys.executable, script, SAMPLE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (5, "no CUDA device: not measured\n")
