"""What is fetched is what was meant, or is thrown away, and nothing is waited for long."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from huggingface_hub import constants

from vidcut import hub as hub_module
from vidcut import plugins, weights
from vidcut.errors import MissingError
from vidcut.hub import Address, fetched
from vidcut.modalities import _whisper, _whisper_weights
from vidcut.protocols import ModalityOptions
from vidcut.weights import WeightFile

if TYPE_CHECKING:
    from tests.reliability.models.conftest import Hub

FILE = Address("org/net", "weights.bin")
HELD = b"weights" * 5000


@pytest.fixture
def full(hub: Hub) -> Hub:
    hub.files[f"{FILE.repo}/{FILE.file}"] = HELD
    return hub


def stored() -> list[Path]:
    """What lies in the cache, but for its locks and notes."""
    found = Path(constants.HF_HUB_CACHE).rglob("*")
    kept = [path for path in found if path.is_file() and "blobs" in path.parts]
    return [path for path in kept if not path.name.endswith(".incomplete")]


def test_what_arrives_whole_is_taken_and_asked_for_once(full: Hub) -> None:
    path = fetched(FILE, offline=False)
    assert path is not None
    assert path.read_bytes() == HELD
    assert hub_module.commit(path) == full.commit
    asked = len(full.asked)
    assert fetched(FILE, offline=False) == fetched(FILE, offline=True) == path
    assert len(full.asked) == asked


@pytest.mark.parametrize("sent", [HELD[:-1] + b"?", b"?" * len(HELD)])
def test_what_arrives_changed_is_thrown_away(full: Hub, sent: bytes) -> None:
    full.lies[f"{FILE.repo}/{FILE.file}"] = sent
    with pytest.raises(MissingError, match=r"sha256 is .* thrown away.*--visual-model labels"):
        fetched(FILE, offline=False)
    assert stored() == []
    assert hub_module.cached(FILE) is None
    full.lies.clear()
    assert fetched(FILE, offline=False) is not None


def test_what_is_not_the_pinned_file_is_thrown_away(full: Hub) -> None:
    pinned = Address(FILE.repo, FILE.file, full.commit, "0" * 64)
    with pytest.raises(MissingError, match="not 000000000000"):
        fetched(pinned, offline=False)
    assert stored() == []


def test_what_breaks_off_is_no_file(full: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    full.lies[f"{FILE.repo}/{FILE.file}"] = b""
    with pytest.raises(MissingError, match=r"weights\.bin cannot be fetched"):
        fetched(FILE, offline=False)
    assert stored() == []


@pytest.mark.usefixtures("full")
def test_what_was_damaged_in_the_cache_is_fetched_anew_or_refused() -> None:
    path = fetched(FILE, offline=False)
    assert path is not None
    path.resolve().write_bytes(HELD[:-1] + b"?")
    with pytest.raises(MissingError, match="damaged in the cache, and vidcut is offline"):
        fetched(FILE, offline=True)
    assert fetched(FILE, offline=False) == path
    assert path.read_bytes() == HELD


def test_a_file_that_the_hub_does_not_have_is_none(full: Hub) -> None:
    assert fetched(Address("org/net", "other.bin"), offline=False) is None
    assert full.asked


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_hub_that_fails_is_believed_at_once(full: Hub, status: int) -> None:
    full.status = status
    with pytest.raises(MissingError, match=f"the hub says {status}"):
        fetched(FILE, offline=False)
    assert len(full.asked) == 1


def test_a_hub_that_never_answers_is_waited_for_some_seconds(full: Hub) -> None:
    full.stalls.set()
    begun = time.monotonic()
    with pytest.raises(MissingError, match="timed out"):
        fetched(FILE, offline=False)
    assert time.monotonic() - begun < 4 * hub_module._PATIENCE_S


def test_a_port_that_refuses_is_believed_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(hub.address, address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    with pytest.raises(MissingError, match="refused"):
        fetched(FILE, offline=False)


def test_an_address_that_is_none_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(hub.address, "http://mirror:port")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", "http://mirror:port")
    with pytest.raises(MissingError, match="port"):
        fetched(FILE, offline=False)


def test_a_hub_that_is_switched_off_is_not_asked(
    full: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingError, match="HF_HUB_OFFLINE is set"):
        fetched(FILE, offline=False)
    assert full.asked == []


def test_the_token_is_told_to_the_hub_alone(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirection is an answer, and is not followed with the token in hand."""
    hub.files[f"{FILE.repo}/{FILE.file}"] = HELD
    hub.status = 302
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert hub_module._answers(FILE)
    assert len(hub.asked) == 1


def test_whisper_from_the_hub_must_be_the_one_that_is_known(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_whisper_weights, "join", lambda _folder: None)
    hub.commit = _whisper._REVISION
    for name in _whisper._ON_THE_HUB:
        hub.files[f"{_whisper._REPOSITORY}/{name}"] = b"{}"
    with pytest.raises(MissingError, match=r"config\.json .*thrown away.*vidcut\[cpu,offline\]"):
        _whisper.load(ModalityOptions())
    assert {path.rpartition("/resolve/")[2] for _, path in hub.asked} == {
        f"{_whisper._REVISION}/config.json"
    }


def test_a_model_of_the_hub_keeps_to_its_commit(hub: Hub) -> None:
    plugin: Any = plugins.load("encoders", "open_clip")
    config = {"model_cfg": {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {}}}
    hub.files["org/net/open_clip_config.json"] = json.dumps(config).encode()
    name = plugin.settled("hf-hub:org/net", offline=False)
    assert name == f"hf-hub:org/net@{hub.commit}"
    hub.commit = "beef" + "0" * 36
    assert plugin.settled(name, offline=False) == name


def test_what_was_read_through_is_read_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "file"
    path.write_bytes(HELD)
    file = WeightFile(str(path), weights.digest_of(path))
    assert not weights.held(file)
    assert weights.is_right(file)
    assert weights.held(file)
    path.write_bytes(HELD[::-1])
    assert not weights.held(file)
    assert not weights.is_right(file)
