"""The offline classifier without torch: the same weights, the same probabilities."""

from __future__ import annotations

import importlib
import io
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcut.encoders import _checkpoint, _efficientnet
from vidcut.encoders._checkpoint import CheckpointError
from vidcut.errors import MissingError


class Program:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self._path,)


@pytest.fixture(scope="module")
def torch() -> Any:
    return importlib.import_module("torch")


@pytest.fixture(scope="module")
def by_onnx() -> Any:
    return importlib.import_module("vidcut.encoders._efficientnet_onnx")


def pictures() -> list[Any]:
    """Photographs where they are here, and noise of awkward sizes."""
    rng = np.random.default_rng(0)
    found = [rng.integers(0, 255, (h, w, 3), dtype=np.uint8) for h, w in [(90, 161), (300, 40)]]
    data: Any = pytest.importorskip("skimage.data")
    return [*found, data.coffee(), data.chelsea(), data.astronaut(), np.zeros_like(found[0])]


def saved(torch: Any, state: Any) -> bytes:
    """As torch.save wrote it before 2020."""
    stream = io.BytesIO()
    torch.save(state, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def test_its_probabilities_are_torch_s(torch: Any, by_onnx: Any) -> None:
    by_torch: Any = importlib.import_module("vidcut.encoders._efficientnet_cuda")
    shown = pictures()
    wanted, deviated = by_torch.on(torch.device("cpu")).look(shown)
    found, deviations = by_onnx.load(threads=1).look(shown)
    assert np.abs(found - wanted).max() < 1e-5
    assert np.array_equal(deviations, deviated)


def test_what_it_says_of_a_picture_hangs_on_no_other(by_onnx: Any) -> None:
    classifier, shown = by_onnx.load(threads=2), pictures()
    together, _ = classifier.look(shown)
    assert np.array_equal(together, np.concatenate([classifier.look([one])[0] for one in shown]))
    assert [part.shape for part in classifier.look([])] == [(0, 1000), (0,)]


def test_reading_pictures_imports_no_torch() -> None:
    code = (
        "import sys, numpy; from vidcut import plugins;"
        "from vidcut.protocols import EncoderOptions;"
        "labels = plugins.load('encoders', 'labels').create(EncoderOptions(device='cpu'));"
        "labels.images([numpy.zeros((90, 160, 3), numpy.uint8)]);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_checkpoint_s_tensors_are_read_as_torch_does(torch: Any, tmp_path: Path) -> None:
    row = torch.arange(24, dtype=torch.float32)
    state = OrderedDict(
        plain=torch.rand(2, 3, 4, 5),
        turned=torch.rand(7, 5).T,
        part=row[4:16].reshape(3, 4),
        whole=row,
        counts=torch.tensor([3, 4]),
        scalar=torch.tensor(5),
    )
    path = tmp_path / "weights.pth"
    path.write_bytes(saved(torch, state))
    found = _checkpoint.read(path)
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert found[name].tolist() == tensor.tolist() or name == "scalar"
        assert found[name].dtype == tensor.numpy().dtype


def test_a_checkpoint_runs_nothing(torch: Any, tmp_path: Path) -> None:
    touched, path = tmp_path / "touched", tmp_path / "weights.pth"
    head = saved(torch, {"x": torch.zeros(3)})
    for content in (
        pickle.dumps(Program(touched), protocol=2),
        saved(torch, {"x": torch.zeros(3), "y": Program(touched)}),
        head[: head.index(b"X\x01\x00\x00\x00x")] + pickle.dumps(Program(touched), protocol=2),
    ):
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            _checkpoint.read(path)
        assert not touched.exists()


def test_a_checkpoint_that_is_cut_off_or_lies_is_refused(torch: Any, tmp_path: Path) -> None:
    whole = saved(torch, OrderedDict(x=torch.rand(30)))
    path = tmp_path / "weights.pth"
    for end in range(len(whole) - 1, 0, -7):
        path.write_bytes(whole[:end])
        with pytest.raises(CheckpointError):
            _checkpoint.read(path)
    tensor: Any = _checkpoint._Tensor
    for start, shape, strides in ((0, (31,), (1,)), (-1, (3,), (1,)), (0, (3,), (-1,))):
        lying = tensor(None, start, shape, strides)
        with pytest.raises(CheckpointError, match="outside"):
            _checkpoint._array(lying, np.zeros(30, np.float32))


@pytest.mark.parametrize("content", [b"", b"nothing"])
def test_damaged_weights_are_told_with_the_remedy(
    by_onnx: Any, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    monkeypatch.setattr(by_onnx, "weights_path", lambda: path)
    with pytest.raises(MissingError, match="force-reinstall"):
        by_onnx.load(threads=1)
    assert _efficientnet.weights_path().is_file()
