"""open_clip models without torch: the same tokens, the same pictures, the same vectors."""

from __future__ import annotations

import importlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from vidcut import plugins
from vidcut.encoders import _aside, _bpe, _clip_choice, _exported, _towers
from vidcut.encoders._aside import Aside, LostError
from vidcut.encoders._looks import Looks
from vidcut.encoders._text import readable
from vidcut.errors import MissingError
from vidcut.protocols import EncoderOptions

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.encoders._aside import Origin
    from vidcut.records import Picture
    from vidcut.wire import Message

TINY = "tiny-clip"
TINY_CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}
_SCRAPS = """
the red car isn't in they're rain 2024 42 \xdcber café \uff21\uff22 \ufb01ne “so” \u2018it’ … —
naïve 雨中 的 一辆 红色汽车 火锅 犬 が 강아지 собака שלום مرحبا हिन्दी ไทย
🎬 🏖️ 👨‍👩‍👧 \u00bd \u00b2 \u2167 \u0663 e\u0301 \u00ad \u200b \ufeff
&amp; &lt;b&gt; &amp;lt; &quot; &#20013; &eacute; &nbsp; <i> </i> &ldquo;hi&rdquo; &#x1F600;
<start_of_text> <END_OF_TEXT> !!! ... don't WE'VE it's' _a_ a_b #tag @me http://x.y/z?q=1
sch\u00c3\u00b6n \u00e2\u20ac\u0153quoted\u00e2\u20ac\x9d supercalifragilistic aaaaaaaaaaaaaaaa
"""
SCRAPS = _SCRAPS.split()


@pytest.fixture(scope="module")
def open_clip() -> Any:
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    return importlib.import_module("open_clip")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, open_clip: Any) -> Path:
    """A CLIP of random weights, and its architecture beside it."""
    torch: Any = importlib.import_module("torch")
    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{TINY}.json").write_text(json.dumps(TINY_CONFIG), encoding="utf-8")
    torch.manual_seed(1)
    state = open_clip.model.CLIP(**TINY_CONFIG).state_dict()
    importlib.import_module("safetensors.torch").save_file(state, folder / "tiny.safetensors")
    return folder / "tiny.safetensors"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


class Here(Aside):
    """Torch in this process, where it is imported already: most tests are not of the process."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        process: Any = importlib.import_module("vidcut.encoders._torch_process")
        self._other_end = process._Served(lambda: loaded(origin.weights))
        self._apology = process._apology

    def _asked(self, message: Message) -> Message:
        try:
            answer = self._other_end.answer(message)
        except Exception as error:  # noqa: BLE001  (as there)
            answer = self._apology(error)
        return _aside._checked(answer)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_towers, "Aside", Here)


@pytest.fixture
def encoder(checkpoint: Path, cache: Path, in_this_process: None) -> Any:
    del cache, in_this_process
    return made(checkpoint)


def made(checkpoint: Path) -> Any:
    options = EncoderOptions(f"{TINY}={checkpoint}", device="cpu", offline=True)
    return plugins.load("encoders", "open_clip").create(options)


def loaded(checkpoint: Path) -> Any:
    """The same model, by torch alone."""
    clip: Any = importlib.import_module("vidcut.encoders._clip")
    options = EncoderOptions(device="cpu", offline=True)
    return clip.load(_clip_choice.parse(f"{TINY}={checkpoint}"), checkpoint, options)


def pictures(count: int) -> list[Picture]:
    """All unlike: noise of as many sizes over as many colours."""
    chance = np.random.default_rng(3)
    found = []
    for at in range(count):
        height, width = 20 + 7 * (at % 9), 24 + 5 * (at % 11)
        noise = chance.integers(0, 1 + 5 * (at + 1), (height, width, 3))
        colour = chance.integers(0, 256 - 5 * (at + 1), 3)
        found.append((noise + colour).astype(np.uint8))
    return found


def test_texts_become_the_tokens_that_open_clip_makes_of_them(open_clip: Any) -> None:
    theirs = open_clip.tokenizer.SimpleTokenizer()
    ours = _bpe.Bpe(_bpe.from_open_clip(theirs), start=49406, end=49407)
    chance = random.Random(7)  # noqa: S311  (no secret)
    for kind in ("lower", "whitespace", "canonicalize"):
        theirs.clean_fn = open_clip.tokenizer.get_clean_fn(kind)
        for _ in range(1500):
            scraps = chance.choices(SCRAPS, k=chance.randint(0, 12))
            wild = "".join(chr(chance.randrange(1, 0x2FFFF)) for _ in range(chance.randint(0, 3)))
            text = readable(chance.choice(" ,-").join([*scraps, wild]), longest=1000)
            ids = ours.ids(_bpe.clean(text, kind), longest=77)
            assert ids + [0] * (77 - len(ids)) == theirs([text])[0].tolist(), text


@given(st.text(st.characters(max_codepoint=0x7F)), st.sampled_from(("lower", "whitespace")))
def test_english_is_cut_as_all_languages_are(text: str, kind: str) -> None:
    clean = _bpe.clean(text, kind)
    assert _bpe._pieces(clean) == regex.findall(_bpe._PIECES, clean, regex.IGNORECASE)


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("filtered", ["bicubic", "bilinear"])
def test_pictures_become_the_numbers_that_open_clip_makes_of_them(
    open_clip: Any, mode: str, filtered: str
) -> None:
    image: Any = importlib.import_module("PIL.Image")
    config = open_clip.transform.PreprocessCfg(64, resize_mode=mode, interpolation=filtered)
    theirs = open_clip.transform.image_transform_v2(config, is_train=False)
    ours = Looks.of(config.__dict__)
    chance = np.random.default_rng(4)
    for height, width in [(64, 64), (1, 1), (90, 161), (161, 90), (63, 65), (2, 256), (640, 361)]:
        picture = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
        wanted = theirs(image.fromarray(picture)).numpy()
        assert np.allclose(ours.prepared(picture)[0], wanted, atol=1e-6)


@pytest.mark.parametrize("odd", [{"resize_mode": "longest"}, {"size": (64, 32)}])
def test_pictures_of_another_shape_stay_with_torch(odd: dict[str, Any]) -> None:
    usual = {"size": 64, "mean": (0, 0, 0), "std": (1, 1, 1)}
    usual |= {"resize_mode": "shortest", "interpolation": "bicubic"}
    with pytest.raises(ValueError, match="a way of their own"):
        Looks.of(usual | odd)


@pytest.mark.usefixtures("cache")
def test_a_query_after_the_first_imports_no_torch(encoder: Any, checkpoint: Path) -> None:
    first = encoder.query("a red car 红色汽车")
    script = (
        "import sys\n"
        "from vidcut import plugins\n"
        "from vidcut.protocols import EncoderOptions\n"
        "plugin = plugins.load('encoders', 'open_clip')\n"
        f"options = EncoderOptions({f'{TINY}={checkpoint}'!r}, device='cpu', offline=True)\n"
        "print(plugin.create(options).query('a red car 红色汽车').tolist())\n"
        "heavy = ('torch', 'torchvision', 'open_clip', 'transformers', 'timm', 'onnx')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    vector, heavy = map(json.loads, done.stdout.splitlines())
    assert heavy == []
    assert np.array_equal(np.float32(vector), first)


def test_vectors_mix_with_torch_s_in_one_space(encoder: Any, checkpoint: Path) -> None:
    torch = loaded(checkpoint)
    space = encoder.space
    frames = pictures(40)
    encoder.images(frames)
    found = np.stack([one.vector for one in encoder.images(frames)])
    wanted = np.stack(list(torch.images(frames)))
    assert not np.array_equal(found, wanted)
    assert np.min(np.sum(found * wanted, axis=1)) >= 0.995
    for text in ("a dog on the beach", "一只猫的脸", "", "word " * 300):
        assert float(encoder.query(text) @ torch.text(text)) >= 0.995
    assert encoder.space == space == made(checkpoint).space


def test_a_picture_s_vector_depends_on_no_other_picture(encoder: Any) -> None:
    frames = pictures(40)
    encoder.images(frames)
    together = [one.vector for one in encoder.images(frames)]
    alone = [encoder.images([frame])[0].vector for frame in frames]
    assert np.array_equal(together, alone)


def test_too_few_pictures_to_try_it_on_are_read_by_torch(encoder: Any, checkpoint: Path) -> None:
    frames = pictures(8)
    found = [one.vector for one in encoder.images(frames)]
    assert np.array_equal(found, list(loaded(checkpoint).images(frames)))
    assert [one.facts["tower"] for one in _exported.kept()] == ["words"]


def test_what_was_made_ready_is_told_and_can_be_verified(encoder: Any) -> None:
    plugin = plugins.load("encoders", "open_clip")
    before = len(plugin.weights())
    encoder.images(pictures(40))
    words, seen = sorted(plugin.weights()[before:], key=lambda one: "pictures" in one.model)
    assert "words" in words.model
    assert "pictures" in seen.model
    for one in (words, seen):
        assert one.files
        assert encoder.space.version in one.model
        assert one.licence
        assert one.remedy


def test_a_damaged_export_is_never_loaded(
    encoder: Any, checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = encoder.query("a red car")
    (export,) = _exported.kept()
    model = export.folder / "model.ort"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(made(checkpoint).query("a red car"), wanted)
    assert "is damaged" in caplog.text
    (export,) = _exported.kept()
    assert export.is_whole()


def test_facts_that_were_changed_are_not_believed(encoder: Any, checkpoint: Path) -> None:
    wanted = encoder.query("a red car")
    (export,) = _exported.kept()
    facts = export.folder / "facts.json"
    facts.write_text(facts.read_text("utf-8").replace('"lower"', '"whitespace"'), "utf-8")
    assert not list(_exported.kept())
    assert np.array_equal(made(checkpoint).query("A RED CAR"), wanted)


def test_other_weights_have_an_export_of_their_own(
    encoder: Any, checkpoint: Path, tmp_path: Path
) -> None:
    safetensors: Any = importlib.import_module("safetensors.torch")
    state = safetensors.load_file(checkpoint)
    state["text_projection"] = -state["text_projection"]
    safetensors.save_file(state, tmp_path / "other.safetensors")
    (tmp_path / f"{TINY}.json").write_text(json.dumps(TINY_CONFIG), encoding="utf-8")
    one = encoder.query("a red car")
    other = made(tmp_path / "other.safetensors").query("a red car")
    assert float(one @ other) == pytest.approx(-1.0, abs=1e-3)


def test_where_int8_is_too_far_off_the_weights_stay_as_they_are(
    encoder: Any, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export: Any = importlib.import_module("vidcut.encoders._clip_export")
    monkeypatch.setattr(export, "NEAREST", 0.999999)
    vector = encoder.query("a red car")
    (kept,) = _exported.kept()
    assert (kept.facts["runtime"], kept.facts["precision"]) == ("onnx", "fp32")
    tried = kept.facts["tried"]
    assert tried["int8"]["cosine"] < 0.999999 <= tried["fp32"]["cosine"]
    assert np.allclose(vector, loaded(checkpoint).text("a red car"), atol=1e-5)


@pytest.mark.parametrize("quicker", ["bf16", "fp32"])
def test_pictures_that_int8_sees_too_badly_are_read_by_the_quicker_of_what_is_left(
    encoder: Any,
    checkpoint: Path,
    quicker: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    export: Any = importlib.import_module("vidcut.encoders._clip_export")
    measured = export._facts
    order = iter(["fp32", "bf16"])

    def facts(way: Any, wanted: Any) -> dict[str, float]:
        speed = 2.0 if next(order) == quicker else 1.0
        return {**measured(way, wanted), "rows_per_s": speed}

    monkeypatch.setattr(export, "_facts", facts)
    monkeypatch.setattr(export, "_round", _to_nonsense)
    encoder._towers._settled.add("words")
    frames = pictures(40)
    with caplog.at_level(logging.WARNING):
        encoder.images(frames)
    (kept,) = _exported.kept()
    runtime = {"bf16": "torch", "fp32": "onnx"}[quicker]
    assert (kept.facts["runtime"], kept.facts["precision"]) == (runtime, quicker)
    assert kept.facts["tried"]["int8"]["cosine"] < 0.995 <= kept.facts["cosine"]
    assert f"{quicker}, a cosine of 0.99" in caplog.text or f"{quicker}, a cosine of 1.0" in (
        caplog.text
    )
    again = made(checkpoint)
    again._towers._settled.add("words")
    for one in (encoder, again):  # as it was settled, and as it is found the next time
        found = np.stack([seen.vector for seen in one.images(frames[:3])])
        clip = loaded(checkpoint)
        wanted = clip.rounded() if quicker == "bf16" else clip
        assert np.allclose(found, list(wanted.images(frames[:3])), atol=1e-5)


def _to_nonsense(whole: Path, smaller: Path, kinds: Any) -> None:
    """As if 8 bits were too few: every weight is turned round."""
    del kinds
    onnx: Any = importlib.import_module("onnx")
    model = onnx.load(str(whole))
    for one in model.graph.initializer:
        if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) > 1:
            turned = -onnx.numpy_helper.to_array(one)[::-1]
            one.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(turned), one.name))
    onnx.save(model, str(smaller))


def test_where_all_is_too_far_off_torch_reads_and_says_so_once(
    encoder: Any,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    export: Any = importlib.import_module("vidcut.encoders._clip_export")
    monkeypatch.setattr(export, "NEAREST", 1.5)
    wanted = loaded(checkpoint).text("a red car")
    for said in (1, 0):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert np.array_equal(made(checkpoint).query("a red car"), wanted)
        assert caplog.text.count("it stays with torch") == said
    assert np.array_equal(encoder.query("a red car"), wanted)


@pytest.mark.usefixtures("cache")
def test_torch_works_in_a_process_of_its_own_that_ends_when_all_is_ready(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = made(checkpoint)
    with caplog.at_level(logging.WARNING):
        found = [one.vector for one in encoder.images(pictures(40))]
    assert encoder._towers._aside._companion is None
    assert {one.facts["tower"] for one in _exported.kept()} == {"words", "pictures"}
    assert all(one.facts["peak_bytes"] > 50 << 20 for one in _exported.kept())
    assert "MiB of memory in a process of its own" in caplog.text
    wanted = np.stack(list(loaded(checkpoint).images(pictures(40))))
    assert np.min(np.sum(np.stack(found) * wanted, axis=1)) >= 0.995


class Killed(Aside):
    """Its process is killed while it makes a tower ready, as the kernel does for want of memory."""

    times = 1

    def _asked(self, message: Message) -> Message:
        if message.kind in {"words", "pictures"} and type(self).times:
            type(self).times -= 1
            companion = self._companion or self._started()
            os.kill(companion._process.pid, signal.SIGKILL)
        return super()._asked(message)


@pytest.mark.slow
def test_a_process_that_is_killed_costs_one_line_and_nothing_is_kept_of_it(
    checkpoint: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_towers, "Aside", Killed)
    wanted = loaded(checkpoint).text("a red car")
    with caplog.at_level(logging.WARNING):
        assert np.allclose(made(checkpoint).query("a red car"), wanted, atol=1e-6)
    assert caplog.text.count("was lost (SIGKILL)") == 1
    assert not [path for path in cache.rglob("*") if path.suffix in {".ort", ".onnx"}]
    assert float(made(checkpoint).query("a red car") @ wanted) >= 0.995  # this time it is made
    assert len(list(_exported.kept())) == 1


class Mortal(Here):
    """Its process is always lost."""

    def _asked(self, message: Message) -> Message:
        raise LostError(f"the process that torch works in was lost ({message.kind})")


@pytest.mark.usefixtures("cache")
def test_a_machine_without_room_for_torch_is_told_what_to_do(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_towers, "Aside", Mortal)
    with pytest.raises(MissingError, match="twice; close other programs"):
        made(checkpoint).query("a red car")


@pytest.mark.usefixtures("in_this_process")
def test_a_cache_that_cannot_be_written_leaves_it_to_torch(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    wanted = loaded(checkpoint).text("a red car")
    assert np.array_equal(made(checkpoint).query("a red car"), wanted)


def test_a_hub_s_tokenizer_is_read_without_transformers(open_clip: Any, tmp_path: Path) -> None:
    tokenizers: Any = importlib.import_module("tokenizers")
    transformers: Any = importlib.import_module("transformers")
    export: Any = importlib.import_module("vidcut.encoders._clip_export")
    runtime: Any = importlib.import_module("vidcut.encoders._clip_onnx")
    unknown, padding = "<unk>", "<pad>"
    words = ["<s>", padding, "</s>", unknown, "a", "red", "car", "红色", "汽车", "don't"]
    bare = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: at for at, word in enumerate(words)}, unk_token=unknown)
    )
    bare.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    bare.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    special = {"bos_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=bare, pad_token=padding, unk_token=unknown, **special
    ).save_pretrained(tmp_path / "hub")
    for own in ({}, {"clean": "canonicalize", "strip_sep_token": True}):
        theirs = open_clip.tokenizer.HFTokenizer(str(tmp_path / "hub"), context_length=6, **own)
        texts = ["a red car", "红色 汽车", "", "a Red, car &amp; don't", "car " * 20]
        wanted = theirs(texts).tolist()
        facts = export._tokens(theirs, {"tokenizer_kwargs": own}, tmp_path)
        ids = runtime.tokenizer(tmp_path, facts)
        assert [ids(text) for text in texts] == wanted
