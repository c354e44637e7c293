"""What every encoder holds to, whichever model it stands on."""

from __future__ import annotations

import importlib
import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import plugins
from vidcut.protocols import EncoderOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Picture

TINY = "tiny-clip"
TINY_CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}
TEXTS = [
    "a red car in the rain",
    "雨中的一辆红色汽车",
    "",
    "\x00nul and \x1b[31mescape and \ud800",
    "word " * 3000,
    "🎬",
]

each = pytest.mark.parametrize("name", plugins.names("encoders"))
each_of_text = pytest.mark.parametrize("name", ["e5"])
each_of_images = pytest.mark.parametrize("name", ["labels", "open_clip"])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP of random weights, and its architecture beside it."""
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    torch: Any = importlib.import_module("torch")
    open_clip: Any = importlib.import_module("open_clip")
    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{TINY}.json").write_text(json.dumps(TINY_CONFIG), encoding="utf-8")
    torch.manual_seed(1)
    model = open_clip.model.CLIP(**TINY_CONFIG)
    importlib.import_module("safetensors.torch").save_file(
        model.state_dict(), folder / "tiny.safetensors"
    )
    torch.save({"state_dict": model.state_dict()}, folder / "tiny.pt")
    return folder / "tiny.safetensors"


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is made ready here is of use to nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def encoders(checkpoint: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    models = {"open_clip": f"{TINY}={checkpoint}"}
    return {
        name: plugins.load("encoders", name).create(
            EncoderOptions(models.get(name), device=request.param, offline=True)
        )
        for name in plugins.names("encoders")
    }


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("something reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def pictures() -> list[Picture]:
    """Of all sizes: noise, stripes, black, one pixel, a thin one."""
    noise = np.random.default_rng(5).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    stripes = np.zeros((300, 200, 3), dtype=np.uint8)
    stripes[::20, :, 0] = 255
    black = np.zeros((64, 64, 3), dtype=np.uint8)
    dot = np.full((1, 1, 3), 200, dtype=np.uint8)
    thin = np.repeat(np.arange(256, dtype=np.uint8), 6).reshape(256, 2, 3)
    return [noise, stripes, black, dot, thin]


def assert_unit(vectors: NDArray[np.float32], dim: int) -> None:
    assert vectors.dtype == np.float32
    assert vectors.shape[-1] == dim
    assert np.linalg.norm(vectors, axis=-1) == pytest.approx(1.0, abs=1e-4)


@each
def test_a_space_is_known_before_any_model_is_loaded(name: str, encoders: dict[str, Any]) -> None:
    space = encoders[name].space
    assert space.encoder == name
    assert space.dim > 0
    assert space.version
    assert space == encoders[name].space


@each
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_query_becomes_a_unit_vector(name: str, text: str, encoders: dict[str, Any]) -> None:
    vector = encoders[name].query(text)
    assert vector.ndim == 1
    assert_unit(vector, encoders[name].space.dim)
    assert np.array_equal(vector, encoders[name].query(text))


@each
def test_confidence_rises_with_the_cosine(name: str, encoders: dict[str, Any]) -> None:
    cosines = np.linspace(-1, 1, 201, dtype=np.float32).reshape(3, 67)
    sure = encoders[name].confidence(cosines)
    assert sure.shape == cosines.shape
    assert sure.dtype == np.float32
    assert np.all((sure >= 0) & (sure <= 1))
    assert np.all(np.diff(sure.ravel()) >= 0)
    assert sure.ravel()[0] < 0.01
    assert sure.ravel()[-1] > 0.99


@each_of_text
def test_passages_are_rows_that_do_not_depend_on_their_neighbours(
    name: str, encoders: dict[str, Any]
) -> None:
    encoder = encoders[name]
    together = encoder.passages(TEXTS)
    assert_unit(together, encoder.space.dim)
    backwards = encoder.passages(TEXTS[::-1])[::-1]
    alone = np.concatenate([encoder.passages([text]) for text in TEXTS])
    assert np.allclose(together, backwards, atol=1e-5)
    assert np.allclose(together, alone, atol=1e-5)
    assert encoder.passages([]).shape == (0, encoder.space.dim)


@each_of_images
def test_pictures_of_any_size_become_unit_vectors_in_their_order(
    name: str, encoders: dict[str, Any]
) -> None:
    encoder = encoders[name]
    seen = encoder.images(pictures())
    assert_unit(np.stack([one.vector for one in seen]), encoder.space.dim)
    backwards = encoder.images(pictures()[::-1])[::-1]
    alone = [encoder.images([picture])[0] for picture in pictures()]
    for one, other, third in zip(seen, backwards, alone, strict=True):
        assert np.allclose(one.vector, other.vector, atol=1e-4)
        assert np.allclose(one.vector, third.vector, atol=1e-4)
    assert list(encoder.images([])) == []


@each_of_images
def test_labels_are_few_and_best_first(name: str, encoders: dict[str, Any]) -> None:
    for one in encoders[name].images(pictures()):
        shares = [share for _, share in one.labels]
        assert len(shares) <= 5
        assert shares == sorted(shares, reverse=True)
        assert all(0 < share <= 1 for share in shares)


@each
def test_creating_and_naming_the_space_import_no_torch(name: str, checkpoint: Path) -> None:
    model = repr(f"{TINY}={checkpoint}" if name == "open_clip" else None)
    code = f"create(EncoderOptions({model}, offline=True)).space"
    assert imported_by(name, code) == []


@pytest.mark.parametrize("name", ["e5", "labels"])
def test_a_query_imports_no_torch(name: str) -> None:
    assert imported_by(name, "create(EncoderOptions(offline=True)).query('a red car')") == []


def test_a_query_of_a_model_made_ready_imports_no_torch(
    encoders: dict[str, Any], checkpoint: Path
) -> None:
    encoders["open_clip"].query("a red car")
    options = f"EncoderOptions({f'{TINY}={checkpoint}'!r}, offline=True)"
    heavy = imported_by("open_clip", f"create({options}).query('a red car')")
    assert set(heavy) <= {"PIL"}


@each
def test_weights_are_told_without_torch(name: str) -> None:
    code = "weights(); assert all(one.model and one.licence and one.remedy for one in found)"
    assert imported_by(name, code.replace("found", "plugin.weights()")) == []


def imported_by(name: str, code: str) -> list[str]:
    """Which heavy libraries a new process has imported after ``code`` on the plug-in."""
    script = (
        "import sys\n"
        "from vidcut import plugins\n"
        "from vidcut.protocols import EncoderOptions\n"
        f"plugin = plugins.load('encoders', {name!r})\n"
        f"plugin.{code}\n"
        "heavy = ('torch', 'torchvision', 'open_clip', 'transformers', 'timm', 'PIL')\n"
        "print(*[name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
