"""What the page is told of videos and moments, as JSON: times in seconds, names as they are."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from vidcut.records import SECOND_US
from vidcut.terms import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vidcut.records import Chunk, Hit, Media, Moment, Shot, Span, Video

_MOST_LABELS = 3
_SEEN = "frame"
_MP4, _WEBM, _SOUND = (".mp4", ".m4v", ".mov"), (".webm",), (".m4a",)
_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
}
_PLAYED = {
    _MP4: ({"h264", "av1"}, {"aac", "mp3", "opus"}),
    _WEBM: ({"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
}
"""Pictures and sound that today's browsers all play, by a file's ending."""
_HEARD = {"aac", "mp3", "flac", "opus", "vorbis", "pcm_s16le"}


def seconds(time_us: int) -> float:
    """Microseconds as seconds, exact to the microsecond."""
    return round(time_us / SECOND_US, 6)


def pair(span: Span) -> list[float]:
    """A span's start and end in seconds."""
    return [seconds(span.start), seconds(span.end)]


# Videos -------------------------------------------------------------------------------


def video_brief(video: Video) -> dict[str, Any]:
    """What goes with each moment."""
    media = video.media
    return {
        "id": video.id,
        "name": PurePath(video.path).name,
        "duration": seconds(video.duration_us),
        "playable": mime_of(video) is not None,
        "picture": media is not None and media.picture is not None,
        "sound": media is not None and media.sound is not None,
    }


def video_json(video: Video, *, chunks: int, modified_ns: int) -> dict[str, Any]:
    """A video, as the library's list has it; ``modified`` in seconds since 1970."""
    picture = video.media.picture if video.media else None
    return {
        **video_brief(video),
        "path": video.path,
        "width": picture.width if picture else None,
        "height": picture.height if picture else None,
        "size": video.size,
        "state": video.state,
        "failure": video.failure,
        "chunks": chunks,
        "modified": modified_ns // 1_000_000_000,
    }


def mime_of(video: Video) -> str | None:
    """What a browser is told that the file is; None where it could not play it."""
    suffix, media = PurePath(video.path).suffix.lower(), video.media
    if media is None or suffix not in _TYPES:
        return None
    return _TYPES[suffix] if _is_played(suffix, media) else None


def _is_played(suffix: str, media: Media) -> bool:
    sound = media.sound.codec if media.sound else None
    if media.picture is None:
        return sound in _HEARD
    for endings, (pictures, sounds) in _PLAYED.items():
        if suffix in endings:
            return media.picture.codec in pictures and sound in {None, *sounds}
    return False


def detail_json(
    shots: Iterable[Shot], chunks: Iterable[Chunk]
) -> dict[str, list[list[float]] | list[dict[str, Any]]]:
    """What is known of one video: its shots, and what is said and written in it."""
    texts: dict[str, list[dict[str, Any]]] = {"asr": [], "ocr": []}
    for chunk in chunks:
        if chunk.modality in texts:
            start, end = pair(chunk.span)
            texts[chunk.modality].append({"start": start, "end": end, "text": chunk.text or ""})
    return {"shots": [pair(shot.span) for shot in shots], **texts}


# Moments ------------------------------------------------------------------------------


def moment_json(moment: Moment, terms: tuple[str, ...]) -> dict[str, Any]:
    """A moment; its matches are marked by the query's terms."""
    start, end = pair(moment.span)
    return {
        "id": f"{moment.video.id}-{moment.span.start}-{moment.span.end}",
        "rank": moment.rank,
        "video": video_brief(moment.video),
        "start": start,
        "end": end,
        "score": round(moment.score, 4),
        "evidence": [_evidence_json(hit, terms) for hit in moment.evidence],
        "reasons": {"start": moment.start.reason, "end": moment.end.reason},
    }


def _evidence_json(hit: Hit, terms: tuple[str, ...]) -> dict[str, Any]:
    chunk = hit.chunk
    start, end = pair(chunk.span)
    told = {
        "modality": chunk.modality,
        "start": start,
        "end": end,
        "score": round(hit.confidence, 4),
        "text": chunk.text or "",
        "marks": [],
    }
    if chunk.modality == _SEEN:
        return {**told, "labels": _labels(chunk.text or "")}
    return {**told, "marks": [list(place) for place in matches(chunk.text or "", terms)]}


def _labels(text: str) -> Sequence[str]:
    return [*dict.fromkeys(text.split(", "))][:_MOST_LABELS] if text else []
