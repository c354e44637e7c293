from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vidcut import settings
from vidcut.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def user_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "config" / "vidcut" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / ".vidcut"
    folder.mkdir()
    return folder


@pytest.mark.usefixtures("user_file")
def test_nothing_said_gives_the_defaults(library: Path) -> None:
    assert settings.read({}, library=library, environment={}) == settings.Settings()


def test_each_voice_outweighs_the_one_before(user_file: Path, library: Path) -> None:
    """User file < library file < environment < flags."""
    user_file.write_text('quality = "fast"\nlanguage = "de"\nasr = "never"\nthreads = 1\n')
    (library / "config.toml").write_text('language = "fr"\nasr = "always"\nthreads = 2\n')
    environment = {"VIDCUT_ASR": "auto", "VIDCUT_THREADS": "3", "VIDCUT_QUALITY": ""}
    read = settings.read({"threads": 4, "asr": None}, library=library, environment=environment)
    assert (read.quality, read.language, read.asr, read.threads) == ("fast", "fr", "auto", 4)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("OFFLINE", "1", True),
        ("OFFLINE", "False", False),
        ("MIN_SCORE", "0.25", 0.25),
        ("THREADS", "8", 8),
        ("LIBRARY", "/a b/.vidcut", "/a b/.vidcut"),
    ],
)
@pytest.mark.usefixtures("user_file")
def test_the_environment_is_read_by_kind(name: str, text: str, value: object) -> None:
    read = settings.read({}, environment={f"VIDCUT_{name}": text})
    assert getattr(read, name.lower()) == value


def test_a_whole_number_will_do_for_a_number(user_file: Path) -> None:
    user_file.write_text("min_score = 1\n")
    assert settings.read({}, environment={}).min_score == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quality = ", "cannot be read as TOML"),
        ("\x00", "cannot be read as TOML"),
        ('colour = "red"', "no setting 'colour'; there are: asr, "),
        ('threads = "two"', "threads is to be a whole number, not 'two'"),
        ("threads = true", "threads is to be a whole number, not True"),
        ("offline = 1", "offline is to be true or false, not 1"),
        ("min_score = true", "min_score is to be a number, not True"),
        ('quality = "good"', "quality is to be one of fast, balanced, best, not 'good'"),
        ("min_score = 1.5", "min_score is to be between 0 and 1"),
        ("min_score = nan", "min_score is to be between 0 and 1"),
        ("threads = -1", "threads is to be 0 or more"),
        ("[quality]\nx = 1", "quality is to be a text"),
    ],
)
def test_a_bad_file_is_one_clear_line(user_file: Path, text: str, message: str) -> None:
    user_file.write_text(text)
    with pytest.raises(UsageError) as caught:
        settings.read({}, environment={})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("OFFLINE", "maybe", "VIDCUT_OFFLINE is to be true or false, not 'maybe'"),
        ("THREADS", "2.5", "VIDCUT_THREADS is to be a whole number, not '2.5'"),
        ("MIN_SCORE", "high", "VIDCUT_MIN_SCORE is to be a number, not 'high'"),
        ("MIN_SCORE", "nan", "between 0 and 1"),
        ("DEVICE", "tpu", "device is to be one of auto, cpu, cuda, not 'tpu'"),
    ],
)
@pytest.mark.usefixtures("user_file")
def test_a_bad_variable_is_one_clear_line(name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        settings.read({}, environment={f"VIDCUT_{name}": text})
    assert message in str(caught.value)


@pytest.mark.parametrize("flags", [{"colour": 1}, {"threads": "2"}, {"min_score": "high"}])
@pytest.mark.usefixtures("user_file")
def test_a_bad_flag_is_a_usage_error(flags: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(flags))):
        settings.read(flags, environment={})


def test_a_file_that_is_a_folder_is_a_usage_error(user_file: Path) -> None:
    user_file.mkdir()
    with pytest.raises(UsageError, match="mend or remove it"):
        settings.read({}, environment={})


def test_threads_are_half_of_the_cores_unless_said() -> None:
    assert settings.Settings(threads=5).threads_each == 5
    assert settings.Settings().threads_each >= 1
