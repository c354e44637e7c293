"""Which CUDA devices there are, asked of NVIDIA's driver alone: torch takes seconds to say so."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from typing import Any

_LIBRARIES = ("libcuda.so.1", "nvcuda.dll")
_NAME_BYTES = 256
_MAJOR, _MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of the driver's cuda.h."""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU."""

    name: str
    memory_bytes: int
    capability: tuple[int, int]
    """As (9, 0) for an H100 or H200."""


@functools.cache
def cuda() -> tuple[Device, ...]:
    """Those that ``CUDA_VISIBLE_DEVICES`` leaves; none where there is no driver, or it fails."""
    for name in _LIBRARIES:
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        count = ctypes.c_int()
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
            return ()
        return tuple(_device(driver, number) for number in range(count.value))
    return ()


def _device(driver: Any, number: int) -> Device:
    """Asks for what any driver since CUDA 4 answers; what it does not answer stays 0."""
    name, memory = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_size_t()
    handle, version = ctypes.c_int(), (ctypes.c_int(), ctypes.c_int())
    driver.cuDeviceGet(ctypes.byref(handle), number)
    driver.cuDeviceGetName(name, _NAME_BYTES, handle)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    for attribute, value in zip((_MAJOR, _MINOR), version, strict=True):
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
    major, minor = (value.value for value in version)
    return Device(name.value.decode(errors="replace"), memory.value, (major, minor))
