from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from vidcut import settings
from vidcut.errors import OutputError, UsageError

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
        ("jobs = -1", "jobs is to be 0 or more"),
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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "min_score = 0.25\n"),
        ("", "min_score = 0.25\n"),
        ('# mine\nasr = "never"', '# mine\nasr = "never"\nmin_score = 0.25\n'),
        (
            '# min_score = 1\nmin_score=0.2 # low\nasr = "auto"\n',
            '# min_score = 1\nmin_score = 0.25 # low\nasr = "auto"\n',
        ),
        (
            'threads = 2\r\n  "min_score" = 1\r\nasr = "auto"\r\n',
            'threads = 2\r\nmin_score = 0.25\r\nasr = "auto"\r\n',
        ),
    ],
)
@pytest.mark.usefixtures("user_file")
def test_a_kept_setting_leaves_the_rest_of_the_file(
    library: Path, before: str | None, after: str
) -> None:
    file = library / "config.toml"
    if before is not None:
        file.write_bytes(before.encode())
    assert settings.keep(library, "min_score", 0.25) == file
    assert file.read_bytes().decode() == after
    assert settings.read({}, library=library, environment={}).min_score == 0.25
    assert list(library.iterdir()) == [file]


def test_keeping_follows_a_link_and_spares_the_permissions(library: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.toml"
    shared.write_text("threads = 2\n")
    shared.chmod(0o600)
    (library / "config.toml").symlink_to(shared)
    settings.keep(library, "min_score", 0.0)
    assert (library / "config.toml").is_symlink()
    assert shared.read_text() == "threads = 2\nmin_score = 0.0\n"
    assert shared.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ('language = """\nmin_score = 1\n"""\n', 0.25, "cannot be changed safely; write min_score"),
        ("min_score = ", 0.25, "cannot be read as TOML"),
        ("[quality]\nx = 1", 0.25, "quality is to be a text"),
        ("threads = 2\n", 1.5, "min_score is to be between 0 and 1"),
        ("threads = 2\n", float("nan"), "min_score is to be between 0 and 1"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(
    library: Path, text: str, value: float, message: str
) -> None:
    (library / "config.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        settings.keep(library, "min_score", value)
    assert (library / "config.toml").read_text() == text
    assert len(list(library.iterdir())) == 1


def test_a_library_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"config\.toml cannot be written"):
        settings.keep(tmp_path / "nowhere", "min_score", 0.25)


def test_a_setting_is_never_written_through_a_link_beside_it(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / ".config.toml.part").symlink_to(precious)
    settings.keep(tmp_path, "min_score", 0.3)
    assert precious.read_text() == "precious"
    assert tomllib.loads((tmp_path / "config.toml").read_text()) == {"min_score": 0.3}
