from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from vidcut import pictures
from vidcut.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def halves(left: Any, right: Any, *, mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Any:
    """A picture of two colours side by side."""
    image = Image.new(mode, size, right)
    image.paste(left, (0, 0, size[0] // 2, size[1]))
    return image


def saved(image: Any, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def colours(picture: Picture) -> list[list[tuple[int, ...]]]:
    """Of the four quarters: above, and below."""
    high, wide = picture.shape[:2]
    rows, columns = (high // 4, high * 3 // 4), (wide // 4, wide * 3 // 4)
    return [[tuple(picture[row, column].tolist()) for column in columns] for row in rows]


def nearly(found: Any, right: Any) -> bool:
    return bool(np.abs(np.array(found, dtype=int) - np.array(right, dtype=int)).max() < 12)


# Pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif", "tiff"])
def test_every_kind_is_read_as_colours(tmp_path: Path, suffix: str) -> None:
    picture = pictures.read(saved(halves(RED, BLUE), tmp_path / f"a.{suffix}"))
    assert (picture.shape, picture.dtype.name) == ((20, 40, 3), "uint8")
    assert nearly(colours(picture), [[RED, BLUE], [RED, BLUE]])


def test_a_kind_is_known_by_what_it_holds_and_not_by_its_name(tmp_path: Path) -> None:
    path = saved(halves(RED, BLUE), tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert nearly(colours(pictures.read(path)), [[RED, BLUE], [RED, BLUE]])


@pytest.mark.parametrize(
    ("orientation", "quarters"),
    [
        (1, [[RED, BLUE], [RED, BLUE]]),
        (2, [[BLUE, RED], [BLUE, RED]]),
        (3, [[BLUE, RED], [BLUE, RED]]),
        (6, [[RED, RED], [BLUE, BLUE]]),
        (8, [[BLUE, BLUE], [RED, RED]]),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_picture_is_upright(tmp_path: Path, suffix: str, orientation: int, quarters: Any) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    path = saved(halves(RED, BLUE), tmp_path / f"a.{suffix}", exif=tags)
    picture = pictures.read(path)
    assert picture.shape[:2] == ((40, 20) if orientation in {6, 8} else (20, 40))
    assert nearly(colours(picture), quarters)


@pytest.mark.parametrize(
    ("mode", "clear", "solid"), [("RGBA", (0, 0, 0, 0), (0, 0, 255, 255)), ("LA", (0, 0), (0, 255))]
)
def test_what_is_transparent_is_white(tmp_path: Path, mode: str, clear: Any, solid: Any) -> None:
    picture = pictures.read(saved(halves(clear, solid, mode=mode), tmp_path / "a.png"))
    colour = BLUE if mode == "RGBA" else (0, 0, 0)
    assert colours(picture) == [[WHITE, colour], [WHITE, colour]]


def test_a_transparent_colour_of_a_palette_is_white(tmp_path: Path) -> None:
    image = halves(RED, BLUE).quantize(4)
    path = saved(image, tmp_path / "a.gif", transparency=image.getpixel((0, 0)))
    assert colours(pictures.read(path)) == [[WHITE, BLUE], [WHITE, BLUE]]


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_of_an_animation_the_first_picture_counts(tmp_path: Path, suffix: str) -> None:
    first, second = halves(RED, RED), halves(GREEN, GREEN)
    path = saved(first, tmp_path / f"a.{suffix}", save_all=True, append_images=[second], duration=9)
    assert nearly(colours(pictures.read(path)), [[RED, RED], [RED, RED]])


@pytest.mark.parametrize(
    ("mode", "suffix", "colour"),
    [
        *(("1", "png", 1), ("L", "jpg", 255), ("CMYK", "jpg", (0, 0, 0, 0)), ("P", "png", 0)),
        *(("CMYK", "tiff", (0, 0, 0, 0)), ("YCbCr", "jpg", (255, 128, 128))),
    ],
)
def test_every_way_to_hold_colours_is_understood(
    tmp_path: Path, mode: str, suffix: str, colour: Any
) -> None:
    image = Image.new(mode, (20, 10), colour)
    picture = pictures.read(saved(image, tmp_path / f"a.{suffix}"))
    assert picture.shape == (10, 20, 3)
    assert nearly(picture, WHITE if mode != "P" else (0, 0, 0))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_become_eight(tmp_path: Path, suffix: str) -> None:
    shades = np.repeat(np.array([[0x4000, 0xFFFF]], dtype=np.uint16), 20, axis=1)
    path = saved(Image.fromarray(np.repeat(shades, 20, axis=0)), tmp_path / f"a.{suffix}")
    assert colours(pictures.read(path)) == [[(64,) * 3, WHITE], [(64,) * 3, WHITE]]


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    for suffix in ("jpg", "png"):
        path = saved(halves(RED, BLUE, size=(4000, 1000)), tmp_path / f"a.{suffix}")
        picture = pictures.read(path)
        assert picture.shape == (240, 960, 3)
        assert nearly(colours(picture), [[RED, BLUE], [RED, BLUE]])


def test_a_picture_may_be_a_single_point(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (1, 1), RED), tmp_path / "a.png")
    assert pictures.read(path).tolist() == [[list(RED)]]


# Refusals -----------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as refused:
        pictures.read(path)
    message = str(refused.value)
    assert str(path) in message
    assert "; give " in message
    assert "\n" not in message
    return message


def test_a_picture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "(No such file or directory)" in refusal(tmp_path / "a.jpg")
    assert "(Not a directory)" in refusal(saved(halves(RED, BLUE), tmp_path / "a.png") / "b.png")


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"shopping list: eggs", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"),
        *(b"RIFF\x24\0\0\0WEBPVP8 ", b"BM" + b"\0" * 60, b"II*\0\x08\0\0\0", b"%PDF-1.4\n"),
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    assert "not a picture, or a damaged one" in refusal(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif", "tiff"])
def test_a_picture_that_is_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    path = saved(Image.fromarray(noise), tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "not a picture, or a damaged one" in refusal(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif", "tiff"])
def test_whatever_is_damaged_is_read_or_refused(tmp_path: Path, suffix: str) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    options = {} if suffix in {"bmp", "gif"} else {"exif": tags}
    path = saved(halves(RED, BLUE), tmp_path / f"a.{suffix}", **options)
    whole = path.read_bytes()
    chance = np.random.default_rng(2)
    for _ in range(150):
        damaged = bytearray(whole)
        for place in chance.integers(0, len(whole), size=int(chance.integers(1, 6))):
            damaged[place] = int(chance.integers(256))
        path.write_bytes(damaged)
        try:
            picture = pictures.read(path)
        except UsageError as error:
            assert str(path) in str(error)  # noqa: PT017  (either is right)
        else:
            assert (picture.ndim, picture.dtype.name) == (3, "uint8")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is not a file" in refusal(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert "is not a file" in refusal(tmp_path / "a.png")


def test_a_device_is_not_read_without_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/zero")
    assert "is not a file" in refusal(tmp_path / "a.png")


def claiming(path: Path, wide: int, high: int) -> Path:
    """A small PNG that says it is so large."""

    def part(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = part(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0))
    data = part(b"IDAT", zlib.compress(b"\0" * 1000))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + data + part(b"IEND", b""))
    return path


@pytest.mark.parametrize("size", [(60_000, 60_000), (20_000, 10_001), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_claims_to_be_vast_is_refused_unread(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    message = refusal(claiming(tmp_path / "a.png", *size))
    assert message.endswith("a.png has too many pixels; give a smaller picture")


def test_a_large_photograph_is_not_too_large(tmp_path: Path) -> None:
    """A hundred million pixels, as phones take them; that nothing is in it is another matter."""
    assert "damaged" in refusal(claiming(tmp_path / "a.png", 12_000, 9_000))
