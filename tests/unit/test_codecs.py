from __future__ import annotations

import pytest

from vidcut.codecs import Traits, traits, writers
from vidcut.errors import UsageError

HDR = """Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:x.mp4':
  Duration: 00:00:05.00, start: 0.000000, bitrate: 186 kb/s
  Stream #0:0[0x1](und): Video: hevc (Main 10) (hev1 / 0x31766568), yuv420p10le(tv, \
bt2020nc/bt2020/smpte2084, progressive), 320x240 [SAR 1:1 DAR 4:3], 182 kb/s, 25 fps (default)
    Side data:
      displaymatrix: rotation of -90.00 degrees
  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, mono, fltp
Output #0, framecrc, to 'pipe:':
  Stream #0:0: Video: h264, yuv420p, 1x1
"""


def line(text: str) -> str:
    return f"  Stream #0:0: Video: {text}, 320x240, 25 fps\n"


def test_a_picture_is_read_from_the_log() -> None:
    assert traits(HDR) == Traits(
        *("hevc", "Main 10", "yuv420p10le", "tv", "bt2020nc", "bt2020", "smpte2084"), rotation=-90
    )
    assert traits(HDR).colours == {  # type: ignore[union-attr]
        "color_range": "tv",
        "colorspace": "bt2020nc",
        "color_primaries": "bt2020",
        "color_trc": "smpte2084",
    }


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("h264 (High) (avc1 / 0x31), yuv420p(progressive)", Traits("h264", "High", "yuv420p")),
        ("vp8, yuv420p", Traits("vp8", "", "yuv420p")),
        ("mpeg2video (Main), yuv420p(tv, top first)",
         Traits("mpeg2video", "Main", "yuv420p", "tv", is_interlaced=True)),
        ("h264 (High), yuv420p(tv, bt709, top coded first (swapped))",
         Traits("h264", "High", "yuv420p", "tv", "bt709", "bt709", "bt709", is_interlaced=True)),
        ("h264 (High), yuvj420p(pc, bt470bg/unknown/smpte170m, progressive)",
         Traits("h264", "High", "yuvj420p", "pc", "bt470bg", "unknown", "smpte170m")),
        ("h264 (High 4:4:4 Predictive), yuv444p",
         Traits("h264", "High 4:4:4 Predictive", "yuv444p")),
        ("prores (Standard) (apcn / 0x6E), yuv422p10le(tv, progressive)",
         Traits("prores", "Standard", "yuv422p10le", "tv")),
    ],
)  # fmt: skip
def test_pictures_of_all_kinds(text: str, read: Traits) -> None:
    assert traits(line(text)) == read


def test_a_cover_is_no_picture() -> None:
    cover = "  Stream #0:0: Video: mjpeg, yuvj444p, 64x64 (attached pic)\n"
    assert traits(cover) is None
    assert traits(cover + line("vp9 (Profile 0), yuv420p(tv)")) is not None
    assert traits("") is None


@pytest.mark.parametrize(
    ("pixels", "deep"),
    [("yuv420p", False), ("yuv420p10le", True), ("p010le", True), ("yuv444p12le", True),
     ("nv12", False), ("rgb24", False), ("gray16le", True), ("gbrp10le", True), ("yuv410p", False),
     ("rgb48le", True), ("yuva420p", False)],
)  # fmt: skip
def test_what_has_more_than_eight_bits(pixels: str, deep: bool) -> None:  # noqa: FBT001
    assert Traits("x", "", pixels).is_deep is deep


def test_encoders_are_tried_in_order() -> None:
    def tried(asked: str | None, *, deep: bool) -> list[str]:
        return [f"{one.name} {one.pixels}" for one in writers(asked, deep=deep)]

    assert tried(None, deep=False) == ["libx264 yuv420p"]
    assert tried(None, deep=True)[:2] == ["libx265 yuv420p10le", "libx264 yuv420p10le"]
    assert tried("auto", deep=False)[0] == "h264_nvenc nv12"
    assert tried("auto", deep=True)[0] == "hevc_nvenc p010le"
    assert tried("auto", deep=True)[-1] == "libx264 yuv420p"
    assert tried("h264_vaapi", deep=False) == ["h264_vaapi nv12"]
    with pytest.raises(UsageError, match="h264_nvenc"):
        writers("x264", deep=False)
