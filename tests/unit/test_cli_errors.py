from __future__ import annotations

import pytest

from vidcut import cli
from vidcut.errors import MissingError


def raised(reason: BaseException) -> MissingError:
    """As a plug-in tells that a package cannot be imported, where another library says why."""
    library = ImportError("initialization failed")
    library.__cause__ = reason
    error = MissingError("asr needs a package, which cannot be imported; mend it")
    error.__cause__ = library
    return error


@pytest.mark.parametrize(
    ("reason", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "interrupted; what is done is kept"),
        (OSError("libx.so is gone"), 5, "asr needs a package"),
    ],
)
def test_ctrl_c_while_a_library_is_imported_is_no_fault_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reason: BaseException,
    code: int,
    told: str,
) -> None:
    def app(_: object) -> int:
        raise raised(reason)

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr("sys.argv", ["vidcut", "index"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert cli.run() == code
    assert told in capsys.readouterr().err
