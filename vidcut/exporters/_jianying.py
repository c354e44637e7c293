"""The forms of 剪映's and CapCut's JSON: a file as a material, a take as a segment.

Learnt from drafts that public tools write and the programs open; what they do without is
left out. Times are whole microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidcut.exporters._names import shown

if TYPE_CHECKING:
    from vidcut.records import Media, PictureTrack, Span

FOLDER = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"
"""What the programs themselves write for the draft's own folder; the same in all drafts."""
MEDIA = "Resources/local"
"""Where in it the user's files lie."""
IMPORTED = 0
"""The group of the files that the user brought."""
META_GROUPS = (IMPORTED, 1, 2, 3, 6, 7, 8)
PLATFORM = {"app_id": 3704, "app_source": "lv", "app_version": "5.9.0", "os": "windows"}
VERSION, NEW_VERSION = 360_000, "110.0.0"
"""Of the form that 5.9 writes, the last that is not encrypted."""
KEYFRAMES = ("adjusts", "audios", "effects", "filters", "handwrites", "stickers", "texts", "videos")
_UNKNOWN = -1
_CORNERS = {"left": 0.0, "right": 1.0, "upper": 0.0, "lower": 1.0}
MATERIALS = (
    "ai_translates",
    "audio_balances",
    "audio_effects",
    "audio_fades",
    "audio_track_indexes",
    "audios",
    "beats",
    "canvases",
    "chromas",
    "color_curves",
    "digital_humans",
    "drafts",
    "effects",
    "flowers",
    "green_screens",
    "handwrites",
    "hsl",
    "images",
    "log_color_wheels",
    "loudnesses",
    "manual_deformations",
    "masks",
    "material_animations",
    "material_colors",
    "multi_language_refs",
    "placeholders",
    "plugin_effects",
    "primary_color_wheels",
    "realtime_denoises",
    "shapes",
    "smart_crops",
    "smart_relights",
    "sound_channel_mappings",
    "speeds",
    "stickers",
    "tail_leaders",
    "text_templates",
    "texts",
    "time_marks",
    "transitions",
    "video_effects",
    "video_trackings",
    "videos",
    "vocal_beautifys",
    "vocal_separations",
)


@dataclass(frozen=True, slots=True)
class File:
    """A source, what it is called in the draft, and how long it is at least."""

    source: str
    media: Media
    name: str
    id: str
    duration_us: int

    @property
    def path(self) -> str:
        """Where it lies in the draft's folder."""
        return f"{MEDIA}/{self.name}"

    @property
    def title(self) -> str:
        """What people know it by."""
        return shown(self.source)


def video(file: File, picture: PictureTrack) -> dict[str, Any]:
    """A file with pictures, upright, as a material."""
    return {
        "audio_fade": None,
        "category_name": "local",
        "check_flag": 63_487,
        "crop": {
            f"{row}_{column}_{axis}": _CORNERS[column if axis == "x" else row]
            for row in ("lower", "upper")
            for column in ("left", "right")
            for axis in "xy"
        },
        "crop_ratio": "free",
        "crop_scale": 1.0,
        "duration": file.duration_us,
        "extra_type_option": 0,
        "has_audio": file.media.sound is not None,
        "height": picture.height,
        "id": file.id,
        "local_material_id": file.id.lower(),
        "material_id": file.id,
        "material_name": file.title,
        "media_path": "",
        "path": f"{FOLDER}/{file.path}",
        "source": 0,
        "source_platform": 0,
        "stable": {"matrix_path": "", "stable_level": 0, "time_range": time_range(0, 0)},
        "type": "video",
        "video_algorithm": {"algorithms": [], "path": "", "time_range": None},
        "width": picture.width,
    }


def audio(file: File) -> dict[str, Any]:
    """A file that is only heard, as a material."""
    return {
        "app_id": 0,
        "category_name": "local",
        "check_flag": 1,
        "copyright_limit_type": "none",
        "duration": file.duration_us,
        "id": file.id,
        "local_material_id": file.id.lower(),
        "music_id": file.id,
        "name": file.title,
        "path": f"{FOLDER}/{file.path}",
        "source_platform": 0,
        "type": "extract_music",
        "wave_points": [],
    }


def listed(file: File, listed_id: str) -> dict[str, Any]:
    """A file as the draft's own list of media has it."""
    picture = file.media.picture
    return {
        "create_time": _UNKNOWN,
        "duration": file.duration_us,
        "extra_info": file.title,
        "file_Path": f"./{file.path}",
        "height": picture.height if picture else 0,
        "id": listed_id.lower(),
        "import_time": _UNKNOWN,
        "import_time_ms": _UNKNOWN,
        "item_source": 1,
        "md5": "",
        "metetype": "video" if picture else "music",
        "roughcut_time_range": time_range(0, file.duration_us),
        "sub_time_range": time_range(_UNKNOWN, _UNKNOWN),
        "type": IMPORTED,
        "width": picture.width if picture else 0,
    }


def segment(file: File, segment_id: str, *, start_us: int, span: Span) -> dict[str, Any]:
    """What is shown of a file from ``start_us`` on, at a place of the film."""
    is_video = file.media.picture is not None
    return {
        "cartoon": False,
        "clip": _clip() if is_video else None,
        "common_keyframes": [],
        "enable_adjust": True,
        "enable_color_curves": True,
        "enable_color_wheels": True,
        "enable_lut": True,
        "extra_material_refs": [],
        "group_id": "",
        "hdr_settings": {"intensity": 1.0, "mode": 1, "nits": 1000} if is_video else None,
        "id": segment_id,
        "intensifies_audio": False,
        "is_placeholder": False,
        "is_tone_modify": False,
        "keyframe_refs": [],
        "last_nonzero_volume": 1.0,
        "material_id": file.id,
        "render_index": 0,
        "reverse": False,
        "source_timerange": time_range(start_us, span.duration),
        "speed": 1.0,
        "target_timerange": time_range(span.start, span.duration),
        "template_id": "",
        "template_scene": "default",
        "track_attribute": 0,
        "track_render_index": 0,
        "uniform_scale": {"on": True, "value": 1.0} if is_video else None,
        "visible": True,
        "volume": 1.0,
    }


def extras(*, canvas: bool) -> dict[str, dict[str, Any]]:
    """What a segment refers to besides its file, by the kind of material; ids are to be given."""
    made: dict[str, dict[str, Any]] = {
        "speeds": {"curve_speed": None, "mode": 0, "speed": 1.0, "type": "speed"},
        "sound_channel_mappings": {
            "audio_channel_mapping": 0,
            "is_config_open": False,
            "type": "",
        },
        "vocal_separations": {
            "choice": 0,
            "production_path": "",
            "time_range": None,
            "type": "vocal_separation",
        },
    }
    if canvas:
        made["canvases"] = {
            "album_image": "",
            "blur": 0.0,
            "color": "",
            "image": "",
            "image_id": "",
            "image_name": "",
            "source_platform": 0,
            "team_id": "",
            "type": "canvas_color",
        }
    return made


def time_range(start_us: int, duration_us: int) -> dict[str, int]:
    """A stretch of time."""
    return {"duration": duration_us, "start": start_us}


def _clip() -> dict[str, Any]:
    return {
        "alpha": 1.0,
        "flip": {"horizontal": False, "vertical": False},
        "rotation": 0.0,
        "scale": {"x": 1.0, "y": 1.0},
        "transform": {"x": 0.0, "y": 0.0},
    }
