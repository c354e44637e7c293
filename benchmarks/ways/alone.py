"""vidcut's index run with one modality of the three, on one film, into a new library.

    python benchmarks/ways/alone.py FILM LIBRARY --only frame|asr|ocr [--visual-model MODEL]
                                    [--quality fast|balanced|best]

The same lanes, queues and processes as ``vidcut index``; only what is asked of them is less.
Prints the texts that came out, and how many chunks.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from vidcut import Settings, pipeline, wiring
from vidcut.footage import Selection
from vidcut.library import open_to_write
from vidcut.running import Watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--only", choices=["frame", "asr", "ocr"], required=True)
    parser.add_argument("--visual-model", default="labels")
    parser.add_argument("--quality", default="balanced")
    options = parser.parse_args()
    chosen = Settings(visual_model=options.visual_model, quality=options.quality, offline=True)
    model = wiring.visual_model(chosen, None)
    every = wiring.tools(chosen, model)
    tools = replace(
        every,
        pictures=[one for one in every.pictures if one.name == options.only],
        sounds=[one for one in every.sounds if one.name == options.only],
        transcriber=every.transcriber if options.only == "asr" else None,
        use_subtitles=False,
    )
    with open_to_write(options.library, wiring.store(chosen), create=True) as holdings:
        watch = Watch(failure=print, progress=lambda _: None)
        with wiring.model_kept(holdings, model):
            pipeline.index(holdings, [options.film], tools, selection=Selection(), watch=watch)
        videos = [video.id for video in holdings.catalog.videos()]
        chunks = holdings.catalog.chunk_ids(options.only, videos)
        texts = [one.text for one in holdings.catalog.chunks(chunks, words=False).values()]
    print(json.dumps({"chunks": len(texts), "texts": texts}, ensure_ascii=False))


if __name__ == "__main__":
    main()
