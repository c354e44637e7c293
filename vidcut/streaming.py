"""A video as every browser plays it, made while it is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ffmpeg

from vidcut import program
from vidcut.arguments import source_input

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.processes import Pouring
    from vidcut.program import Tool

MIME = "video/mp4"
_WIDEST_PX = 1280
_KEY_FRAMES = 48
"""Frames from one to the next: a fragment of two seconds, before which nothing is shown."""


def watched(tool: Tool, source: Path, start_us: int) -> Pouring:
    """A fragmented MP4 from a time on, H.264 and AAC, at most 1280 pixels wide; it begins at 0."""
    video = source_input(source, seek_us=start_us)
    options = {
        "vf": f"scale=w='min({_WIDEST_PX},iw)':h=-2:force_divisible_by=2,format=yuv420p",
        "c:v": "libx264",
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": 23,
        "g": _KEY_FRAMES,
        "c:a": "aac",
        "b:a": "128k",
        "ac": 2,
        "sn": None,
        "dn": None,
        "map_metadata": -1,
        "movflags": "frag_keyframe+empty_moov+default_base_moof",
        "f": "mp4",
    }
    # V, not v: without the pictures that are attached as covers.
    output = ffmpeg.output(video["V:0?"], video["a:0?"], "pipe:1", **options)
    return program.pour(tool, output)
