"""Where torch computes."""

from __future__ import annotations

import torch

from vidcut.errors import MissingError


def choose(name: str, *, threads: int) -> torch.device:
    """The device for ``auto``, ``cpu`` or ``cuda``; also bounds torch's threads."""
    torch.set_num_threads(max(1, threads))
    if name == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if name == "cuda":
        reason = f"torch {torch.__version__} finds no CUDA device here"
        raise MissingError(f"{reason}; use '--device cpu', or install torch built for CUDA")
    return torch.device("cpu")
