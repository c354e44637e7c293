"""Where in a picture its subject is: what differs from the rest, and what moves.

No model: three cheap maps of a picture of some 100 pixels, in which each counts as much as it
points to one place.

- Unlike its borders: the least of the colour distances to the picture's four edges, in units of
  each edge's own spread (the background prior of Zhang et al., "Minimum Barrier Salient Object
  Detection at 80 FPS", ICCV 2015, section 3.4).
- Unlike its neighbourhood: the spectral residual (Hou and Zhang, CVPR 2007).
- Moving otherwise than the whole: the difference to the sample before, once the camera's own
  shift is undone (by phase correlation; Kuglin and Hines 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import ndimage

from vidcut.framing import MIDDLE, Sight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.records import Picture

Map: TypeAlias = "NDArray[np.float64]"

LONGEST_PX = 96
"""Of the pictures to look at."""
PLACES = 33
"""How many places of the crop are compared."""
_NARROW, _TALL = 9, 16
_NEARLY_ALL = 0.98
_BLACK = 20
"""Luma of 255 that is not above this is a bar's."""
_LEAST_SPREAD = 40.0
"""Squared levels: a border is never plainer than a camera's noise."""
_NOISE = 12.0
"""Levels of the three channels together, below which nothing moved."""
_LARGEST_SHIFT = 0.2

# Tuned by benchmarks/vertical.py, on 219 marked frames of 18 real videos.
_WEIGHTS = (1.0, 0.2, 0.5)
"""Of the maps, in the order in which they are told of above."""
_DOUBT = 0.05
"""The weight of seeing nothing."""
_SCATTER = 0.33
"""The standard deviation of where subjects are, in widths: what is at an edge leaves it mostly."""
_ACROSS = 0.5
"""What being unlike the top and the bottom counts, where the crop moves sideways."""
_LEAST_GAIN = 0.06
"""A shot is taken from its middle where following would show less than this more of it."""
_LEAST_STANDING_OUT = 0.1
"""A sight shows so much more than a crop of an even picture would, or is none."""
_GIVEN_UP = 0.25
"""What a place may show less than the best, of what that shows more than an even picture's."""
_FREE = 0.5
"""How much of the places that show so much are as good as the middle one of them."""
_MOVING = 2.0
"""What crossing the whole room between two looks has to gain, in shares shown."""
_CENTRED = 0.05
"""What a place at an edge has to show more than the middle."""


@dataclass(frozen=True, slots=True)
class View:
    """How much of what stands out each place of the crop shows: ``float64 (PLACES,)``, 0…1."""

    time_us: int
    shown: Map
    share: float
    """What the crop shows of the picture's width, or of its height where it is narrower."""
    clear: float
    """How much stands out, beside the other views of a shot."""


def view(picture: Picture, before: Picture | None, time_us: int) -> View | None:
    """What stands out in a picture; ``before`` is one of the same shot, a moment earlier.

    None where a 9:16 crop shows (nearly) all of the picture.
    """
    height, width = picture.shape[:2]
    is_wide = width * _TALL > height * _NARROW
    share = height * _NARROW / _TALL / width if is_wide else width * _TALL / _NARROW / height
    if share > _NEARLY_ALL:
        return None
    now = _channels(picture if is_wide else picture.swapaxes(0, 1))
    inside = _unbarred(now[..., 0])
    maps = [_unlike_borders(now[inside]), _residual(now[inside][..., 0])]
    if before is not None and before.shape == picture.shape:
        then = _channels(before if is_wide else before.swapaxes(0, 1))
        maps.append(_moving(then[inside], now[inside]))
    near = _nearness(now.shape[1])
    shown, clear, total = np.full(PLACES, share) * _DOUBT, 0.0, _DOUBT
    for one, weight in zip(maps, _WEIGHTS, strict=False):
        line = np.zeros(now.shape[1])
        line[inside[1]] = one.sum(axis=0)
        line *= near
        if line.sum() > 0:
            curve = _through_crop(line / line.sum(), share)
            weighs = weight * max(0.0, float(curve.max()) - share)
            shown, total = shown + weighs * curve, total + weighs
            clear += weighs * float(line.sum()) / one.size
    return View(time_us, shown / total, share, clear)


def _nearness(length: int) -> Map:
    """How likely a subject is at a place of the picture's width: less at the edges."""
    off = (np.arange(length) + 0.5) / length - MIDDLE
    result: Map = np.exp(-((off / _SCATTER) ** 2) / 2)
    return result


def sights(views: Sequence[View], *, since_us: int = 0) -> list[Sight]:
    """Where the subject of a shot is at each time; none where nothing stands out.

    Timed from ``since_us`` on. The places are those that together show most, moving little (by
    dynamic programming).
    """
    if not views:
        return []
    clear = np.array([one.clear for one in views])
    weights = np.minimum(1, clear / max(1e-9, float(np.quantile(clear, 0.9))))
    shown = np.stack([one.shown for one in views])
    places = _best(shown * weights[:, None])
    rows = np.arange(len(views))
    gain = (shown[rows, places] - shown[:, PLACES // 2]) * weights
    if gain.sum() < _LEAST_GAIN * weights.sum():
        return []
    return [
        _sight(one, int(index), since_us)
        for one, index, weight in zip(views, places, weights, strict=True)
        if weight * (one.shown[index] - one.share) >= _LEAST_STANDING_OUT
    ]


def _sight(one: View, index: int, since_us: int) -> Sight:
    fine = one.shown >= one.shown[index] - _GIVEN_UP * (one.shown[index] - one.share)
    wrong = np.flatnonzero(~fine)
    least = int(wrong[wrong < index].max(initial=-1)) + 1
    most = int(wrong[wrong > index].min(initial=PLACES)) - 1
    # Not at the crop's very edge.
    at, either_side = (least + most) / 2, _FREE * (most - least) / 2
    last = PLACES - 1
    return Sight(
        one.time_us - since_us, at / last, (at - either_side) / last, (at + either_side) / last
    )


def _best(shown: Map) -> NDArray[np.intp]:
    """The places, one a row, whose sum less the cost of moving between them is greatest."""
    places = np.arange(PLACES) / (PLACES - 1)
    cost = _MOVING * np.abs(places[:, None] - places)
    prior = -_CENTRED * np.abs(places - MIDDLE)
    total, came = shown[0] + prior, []
    for row in shown[1:]:
        gains = total - cost
        came.append(gains.argmax(axis=1))
        total = gains.max(axis=1) + row + prior
    path = [int(total.argmax())]
    path.extend(int(step[path[-1]]) for step in reversed(came))  # each looks at the one before
    return np.array(path[::-1])


def _through_crop(line: Map, share: float) -> Map:
    """How much of a line of sum 1 each place of the crop shows."""
    sums = np.concatenate([[0.0], np.cumsum(line)])
    starts = np.linspace(0, (1 - share) * len(line), PLACES)
    edges = np.arange(len(sums))
    result: Map = np.interp(starts + share * len(line), edges, sums) - np.interp(
        starts, edges, sums
    )
    return result


# The maps ------------------------------------------------------------------------------


def _channels(picture: Picture) -> Map:
    """Luma and two colour differences, slightly blurred: ``(h, w, 3)``."""
    rgb = ndimage.gaussian_filter(picture.astype(np.float64), (1, 1, 0))
    luma = rgb @ (0.299, 0.587, 0.114)
    return np.stack([luma, rgb[..., 0] - luma, rgb[..., 2] - luma], axis=-1)


def _unbarred(luma: Map) -> tuple[slice, slice]:
    """The picture without black bars."""
    lit = luma > _BLACK
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if not len(rows):
        return slice(None), slice(None)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _unlike_borders(channels: Map) -> Map:
    height, width = channels.shape[:2]
    rows, columns = max(1, height // 10), max(1, width // 10)
    borders = (channels[:, :columns], channels[:, -columns:], channels[:rows], channels[-rows:])
    left, right, top, bottom = (_distance(channels, one.reshape(-1, 3)) for one in borders)
    return _standing_out(np.minimum(left, right) + _ACROSS * np.minimum(top, bottom))


def _distance(channels: Map, border: Map) -> Map:
    spread = np.cov(border, rowvar=False) + _LEAST_SPREAD * np.eye(3)
    off = channels - border.mean(axis=0)
    result: Map = np.sqrt(np.einsum("hwi,ij,hwj->hw", off, np.linalg.inv(spread), off))
    return result


def _residual(luma: Map) -> Map:
    spectrum = np.fft.fft2(luma)
    log = np.log(np.abs(spectrum) + 1)
    residual = log - ndimage.uniform_filter(log, 3, mode="wrap")
    back = np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))
    return _standing_out(ndimage.gaussian_filter(np.abs(back) ** 2, 2.5))


def _moving(before: Map, now: Map) -> Map:
    down, right = _shift(before[..., 0], now[..., 0])
    moved = ndimage.shift(before, (down, right, 0), order=0, mode="nearest")
    change = ndimage.gaussian_filter(np.abs(now - moved).sum(axis=2), 1)
    change[: max(0, down)] = change[len(change) + min(0, down) :] = 0
    change[:, : max(0, right)] = change[:, change.shape[1] + min(0, right) :] = 0
    return _standing_out(np.maximum(0, change - _NOISE))


def _shift(before: Map, now: Map) -> tuple[int, int]:
    """By how many pixels the whole picture moved, down and to the right."""
    window = np.outer(np.hanning(before.shape[0]), np.hanning(before.shape[1]))
    one, two = (
        np.fft.fft2((before - before.mean()) * window),
        np.fft.fft2((now - now.mean()) * window),
    )
    cross = two * one.conj()
    peak = np.fft.ifft2(cross / (np.abs(cross) + 1)).real
    down, right = np.unravel_index(int(peak.argmax()), peak.shape)
    height, width = peak.shape
    down, right = (
        (int(down) + height // 2) % height - height // 2,
        (int(right) + width // 2) % width - width // 2,
    )
    return (down, right) if max(abs(down) / height, abs(right) / width) < _LARGEST_SHIFT else (0, 0)


def _standing_out(one: Map) -> Map:
    """What is clearly above the mean: a wide weak rest would outweigh a small subject."""
    result: Map = np.maximum(0, one - one.mean() - 0.5 * one.std())
    return result
