"""What a GPU is asked to do, and what is done where it fails: on the CPU, with fakes for the rest.

Nothing here says that a GPU does it: the tests marked ``gpu`` do, where there is one.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import devices, plugins
from vidcut.encoders import _batches, _towers
from vidcut.encoders._batches import DeviceError, Halving
from vidcut.encoders._looks import Looks
from vidcut.errors import MissingError
from vidcut.protocols import EncoderOptions
from vidcut.records import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.records import Picture

DIM = 24
CONFIG = {
    "embed_dim": DIM,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}


def pictures(count: int, *sizes: tuple[int, int]) -> list[Picture]:
    chance = np.random.default_rng(5)
    shapes = [(*sizes[at % len(sizes)], 3) for at in range(count)]
    return [chance.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]


@pytest.fixture(scope="module")
def torch() -> Any:
    return importlib.import_module("torch")


@pytest.fixture(scope="module")
def cuda() -> Any:
    return importlib.import_module("vidcut.encoders._clip_cuda")


@pytest.fixture(scope="module")
def clip(torch: Any) -> Any:
    """A small CLIP of random weights, on the CPU."""
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    open_clip: Any = importlib.import_module("open_clip")
    own: Any = importlib.import_module("vidcut.encoders._clip")
    torch.manual_seed(1)
    model = open_clip.model.CLIP(**CONFIG).eval()
    looks = open_clip.transform.PreprocessCfg(32)
    model.visual.preprocess_cfg = looks.__dict__
    preprocess = open_clip.transform.image_transform_v2(looks, is_train=False)
    return own.Clip(model, preprocess, None)


# Batches ------------------------------------------------------------------------------


class FullError(Exception):
    """No room."""


def roomy(most: int, asked: list[int]) -> Any:
    def work(some: Sequence[int]) -> list[int]:
        asked.append(len(some))
        if len(some) > most:
            raise FullError
        return [10 * one for one in some]

    return work


def test_where_memory_runs_out_half_as_many_are_taken_and_all_are_done_in_order() -> None:
    asked: list[int] = []
    released: list[int] = []
    batches = Halving(16, exhausted=FullError, release=lambda: released.append(1))
    assert list(batches.over(range(21), roomy(5, asked))) == [10 * one for one in range(21)]
    assert asked == [16, 8, 4, 4, 4, 4, 4, 1]
    assert len(released) == 2
    asked.clear()
    assert len(list(batches.over(range(4), roomy(5, asked)))) == 4
    assert asked == [4]  # it keeps to what there was room for


def test_no_room_for_one_alone_is_said() -> None:
    batches = Halving(4, exhausted=FullError, release=lambda: None)
    with pytest.raises(FullError):
        list(batches.over(range(3), roomy(0, [])))


# Pictures on a device -----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("filtered", ["bicubic", "bilinear"])
def test_a_device_prepares_pictures_as_pil_does(
    torch: Any, cuda: Any, mode: str, filtered: str
) -> None:
    config = {"size": 64, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.25)}
    looks = Looks.of(config | {"resize_mode": mode, "interpolation": filtered})
    for size in [(64, 64), (90, 161), (161, 90), (360, 640), (63, 65), (40, 30)]:
        some = pictures(2, size)
        found = cuda.prepared(torch.from_numpy(np.stack(some)), looks).numpy()
        wanted = np.concatenate([looks.prepared(one) for one in some])
        levels = np.abs(found - wanted) * np.array(looks.std).reshape(1, 3, 1, 1) * 255
        assert np.quantile(levels, 0.99) <= 1.01  # of noise, the hardest there is
        assert levels.max() <= 6
        assert levels.mean() <= 0.5


def test_pictures_of_many_sizes_are_read_in_their_order(torch: Any, cuda: Any, clip: Any) -> None:
    some = pictures(40, (40, 60), (60, 40), (32, 32))
    wanted = np.stack(list(clip.images(some)))
    found = np.stack(list(cuda.CudaPictures(clip, torch.device("cpu")).images(some)))
    assert np.min(np.sum(found * wanted, axis=1)) >= 0.995
    others = found @ wanted.T
    assert np.array_equal(np.argmax(others, axis=1), np.arange(len(some)))


def test_bfloat16_is_not_used_where_a_model_does_not_bear_it(
    torch: Any, cuda: Any, clip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = pictures(6, (40, 60))
    fast, exact = (cuda.CudaPictures(clip, torch.device("cpu")) for _ in range(2))
    list(fast.images(some))
    monkeypatch.setattr(cuda, "NEAREST", 1.1)
    found = list(exact.images(some))
    assert (fast._fast, exact._fast) == (True, False)
    looks = Looks.of(clip.parts()[0].visual.preprocess_cfg)
    batch = cuda.prepared(torch.from_numpy(np.stack(some)), looks)
    with torch.inference_mode():
        wanted = clip.parts()[0].encode_image(batch)
    wanted = torch.nn.functional.normalize(wanted, dim=1).numpy()
    assert np.allclose(found, wanted, atol=1e-5)


def test_a_gpu_s_want_of_memory_halves_the_batch_and_changes_nothing(
    torch: Any, cuda: Any, clip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = pictures(20, (40, 60))
    small = cuda.CudaPictures(clip, torch.device("cpu"))
    wanted = list(small.images(some))
    encoded, sizes = small._encoded, []

    def short(batch: Any, *, fast: bool) -> Any:
        sizes.append(len(batch))
        if len(batch) > 6:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return encoded(batch, fast=fast)

    monkeypatch.setattr(small, "_encoded", short)
    assert np.allclose(list(small.images(some)), wanted, atol=2e-2)
    assert sizes == [20, 10, 5, 5, 5, 5]


@pytest.mark.parametrize("kind", ["OutOfMemoryError", "AcceleratorError", "RuntimeError"])
def test_a_gpu_that_fails_says_what_happened_in_one_line(
    torch: Any, cuda: Any, clip: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = {"OutOfMemoryError": torch.cuda.OutOfMemoryError, "RuntimeError": RuntimeError}.get(
        kind, getattr(torch, "AcceleratorError", RuntimeError)
    )
    broken = cuda.CudaPictures(clip, torch.device("cpu"))

    def fail(batch: Any, *, fast: bool) -> Any:
        del batch, fast
        raise error("CUDA error: the launch failed\nCompile with TORCH_USE_CUDA_DSA")

    monkeypatch.setattr(broken, "_encoded", fail)
    with pytest.raises(DeviceError, match=r"CUDA error: the launch failed$"):
        list(broken.images(pictures(3, (40, 60))))


# Choosing -----------------------------------------------------------------------------


class Gpu:
    """A GPU that fails at the second call."""

    def __init__(self) -> None:
        self.calls = 0

    def images(self, some: Sequence[Picture]) -> list[Any]:
        self.calls += 1
        if self.calls > 1:
            raise DeviceError("RuntimeError: CUDA error: the launch failed")
        return [np.full(DIM, 1, dtype=np.float32) for _ in some]


class Cpu:
    """What ONNX Runtime would be."""

    def images(self, some: Sequence[Picture]) -> list[Any]:
        return [np.full(DIM, 2, dtype=np.float32) for _ in some]


def towers(device: str, monkeypatch: pytest.MonkeyPatch, gpu: Any) -> Any:
    made = _towers.Towers(
        lambda: pytest.fail("torch is not needed"),
        lambda: None,
        dict,
        EncoderOptions(device=device),
    )
    made._settled |= {"words", "pictures"}
    made._ready["pictures"] = Cpu()
    monkeypatch.setattr(made, "_loaded_on_gpu", lambda: gpu)
    monkeypatch.setattr(devices, "cuda", lambda: (devices.Device("a GPU", 1 << 33, (9, 0)),))
    return made


def first(rows: Any) -> list[float]:
    return [float(row[0]) for row in rows]


def test_where_auto_was_asked_the_cpu_goes_on_and_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = towers("auto", monkeypatch, Gpu())
    some = pictures(2, (9, 9))
    assert first(made.images(some)) == [1, 1]
    with caplog.at_level(logging.WARNING):
        assert first(made.images(some)) == [2, 2]
        assert first(made.images(some)) == [2, 2]
    (line,) = caplog.messages
    assert line == (
        "the GPU cannot read pictures, so the CPU goes on (RuntimeError: CUDA error: the launch "
        "failed)"
    )


def test_where_cuda_was_asked_a_failure_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = towers("cuda", monkeypatch, Gpu())
    some = pictures(2, (9, 9))
    assert first(made.images(some)) == [1, 1]
    with pytest.raises(MissingError, match="--device auto"):
        list(made.images(some))


def test_where_cpu_was_asked_no_gpu_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = towers("cpu", monkeypatch, None)
    monkeypatch.setattr(made, "_loaded_on_gpu", lambda: pytest.fail("it was looked for"))
    assert first(made.images(pictures(2, (9, 9)))) == [2, 2]


def test_without_a_driver_auto_does_not_ask_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    made = towers("auto", monkeypatch, None)
    monkeypatch.setattr(made, "_loaded_on_gpu", lambda: pytest.fail("it was looked for"))
    monkeypatch.setattr(devices, "cuda", tuple)
    assert first(made.images(pictures(2, (9, 9)))) == [2, 2]


class Labels:
    """A classifier that a GPU fails under."""

    made: list[str]

    def __init__(self, options: EncoderOptions) -> None:
        self._device = options.device
        type(self).made.append(options.device)

    def see(self, some: Sequence[Picture]) -> list[Seen]:
        if self._device != "cpu":
            raise DeviceError("RuntimeError: CUDA error: the launch failed")
        return [Seen(np.zeros(DIM, dtype=np.float32)) for _ in some]


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_the_labels_encoder_does_alike(
    device: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    labels: Any = plugins.load("encoders", "labels")
    monkeypatch.setattr(labels, "_Eye", Labels)
    Labels.made = []
    encoder = labels.create(EncoderOptions(device=device))
    some = pictures(2, (9, 9))
    if device == "cuda":
        with pytest.raises(MissingError, match="--device auto"):
            encoder.images(some)
        return
    with caplog.at_level(logging.WARNING):
        assert len(encoder.images(some)) == len(encoder.images(some)) == 2
    assert Labels.made == ["auto", "cpu"]
    assert len(caplog.messages) == 1


def test_what_failed_is_told_in_one_line() -> None:
    assert str(_batches.failed(RuntimeError("one\ntwo"))) == "RuntimeError: one"


@pytest.mark.gpu
def test_a_gpu_s_vectors_mix_with_the_cpu_s(torch: Any, cuda: Any, clip: Any) -> None:
    some = pictures(40, (40, 60), (360, 640))
    wanted = np.stack(list(clip.images(some)))
    found = np.stack(list(cuda.CudaPictures(clip, torch.device("cuda")).images(some)))
    assert np.min(np.sum(found * wanted, axis=1)) >= 0.995


@pytest.mark.gpu
def test_a_gpu_that_runs_out_of_memory_goes_on(torch: Any, cuda: Any, clip: Any) -> None:
    """As much is taken from it as leaves room for a few pictures only."""
    some = pictures(64, (1080, 1920))
    made = cuda.CudaPictures(clip, torch.device("cuda"))
    wanted = np.stack(list(made.images(some)))
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(free - (1 << 30), dtype=torch.uint8, device="cuda")
    found = np.stack(list(made.images(some)))
    del taken
    assert made._batches.most < len(some)
    assert np.min(np.sum(found * wanted, axis=1)) >= 0.995
