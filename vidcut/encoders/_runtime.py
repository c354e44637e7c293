"""How ONNX Runtime is to work here."""

from __future__ import annotations

import onnxruntime

_QUIET = 4


def options(threads: int) -> onnxruntime.SessionOptions:
    """For a session of its own threads; no line is printed."""
    found = onnxruntime.SessionOptions()
    found.intra_op_num_threads = max(1, threads)
    found.inter_op_num_threads = 1
    found.log_severity_level = _QUIET
    # Waiting threads would take the cores from the decoder.
    found.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return found
