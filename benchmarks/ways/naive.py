"""The loop that a user would write: a frame a second through open_clip, Whisper and OCR.

    python benchmarks/ways/naive.py FILM [--see CHECKPOINT] [--hear MODEL] [--read]
                                    [--by decord|opencv] [--compute TYPE]

As the libraries' own first examples have it, with their own defaults: open_clip in torch fp32
with its own transform, faster-whisper without VAD, beam 5, rapidocr's default engine on every
frame taken. Nothing is skipped, nothing overlaps. Prints what came out.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path)
    parser.add_argument("--by", choices=["decord", "opencv"], default="decord")
    parser.add_argument("--see", type=Path, help="a checkpoint of ViT-B-32")
    parser.add_argument("--hear", type=Path, help="a folder with a model for faster-whisper")
    parser.add_argument("--compute", default="default", help="faster-whisper's compute_type")
    parser.add_argument("--read", action="store_true", help="text on screen")
    options = parser.parse_args()
    told: dict[str, Any] = {}
    if options.see or options.read:
        by = _decord if options.by == "decord" else _opencv
        told |= _look(by(options.film), options.see, is_to_read=options.read)
    if options.hear:
        told["said"] = _hear(options.film, options.hear, options.compute)
    print(json.dumps(told, ensure_ascii=False))


def _look(frames: Iterator[Any], checkpoint: Path | None, *, is_to_read: bool) -> dict[str, Any]:
    see = _seer(checkpoint) if checkpoint else None
    engine = importlib.import_module("rapidocr").RapidOCR() if is_to_read else None
    batch: list[Any] = []
    count = vectors = 0
    texts: list[list[str]] = []
    for frame in frames:
        count += 1
        if engine is not None:
            texts.append(list(engine(frame[..., ::-1]).txts or ()))
        if see is not None:
            batch.append(frame)
            if len(batch) == BATCH:
                vectors += see(batch)
                batch = []
    if see is not None and batch:
        vectors += see(batch)
    return {"frames": count, "vectors": vectors, "texts": texts}


def _decord(film: Path) -> Iterator[Any]:
    decord = importlib.import_module("decord")
    video = decord.VideoReader(str(film))
    rate = video.get_avg_fps()
    for second in range(int(len(video) / rate)):
        yield video[round(second * rate)].asnumpy()


def _opencv(film: Path) -> Iterator[Any]:
    cv2 = importlib.import_module("cv2")
    video = cv2.VideoCapture(str(film))
    rate, at, due = video.get(cv2.CAP_PROP_FPS), 0, 0
    while video.grab():
        if at == round(due * rate):
            _, frame = video.retrieve()
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            due += 1
        at += 1


def _seer(checkpoint: Path) -> Callable[[list[Any]], int]:
    # PyPI's torchvision does not import with the CPU's torch unless it is helped.
    importlib.import_module("vidcut.encoders._torchvision").make_importable()
    torch: Any = importlib.import_module("torch")
    image: Any = importlib.import_module("PIL.Image")
    open_clip: Any = importlib.import_module("open_clip")
    model, _, preprocess = open_clip.create_model_and_transforms(
        "ViT-B-32", pretrained=str(checkpoint)
    )
    model.eval()

    def see(frames: list[Any]) -> int:
        pictures = torch.stack([preprocess(image.fromarray(frame)) for frame in frames])
        with torch.no_grad():
            return len(model.encode_image(pictures, normalize=True))

    return see


def _hear(film: Path, folder: Path, compute: str) -> str:
    model = importlib.import_module("faster_whisper").WhisperModel(
        str(folder), "cpu", compute_type=compute
    )
    segments, _ = model.transcribe(str(film))
    return "".join(segment.text for segment in segments)


if __name__ == "__main__":
    main()
