"""The frequency a device's multiprocessors run at, from NVIDIA's management library.

Asked for by UUID: the library numbers all devices of the machine, PyTorch only those that CUDA_VISIBLE_DEVICES leaves,
in an order of its own. Not everyone installs the library's Python package, and some drivers refuse the question:
then there is no frequency and a reason why, and the gate goes on without.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

HZ_PER_MHZ = 1e6


class ClockFrequency:
    """One device's frequency.

    missing: why no frequency can be read, "" as long as it can.
    uuid: as NVIDIA writes it, `GPU-` first.
    nvml: the module `pynvml` unless a test gives one.
    """

    def __init__(self, uuid: str, nvml: Any = None) -> None:
        self.missing = ""
        try:
            self._nvml: Any = nvml or import_module("pynvml")
        except ImportError:
            self.missing = "pynvml is not installed: pip install nvidia-ml-py"
            return
        try:
            self._nvml.nvmlInit()
            self._handle = self._nvml.nvmlDeviceGetHandleByUUID(uuid)
        except self._nvml.NVMLError as exc:
            self.missing = f"NVML does not know the device {uuid}: {exc}"

    def read_hz(self) -> float | None:
        """The multiprocessors' clock just now, in hertz; None, and `missing` set, where it cannot be read."""
        if self.missing:
            return None
        try:
            clock_mhz = float(self._nvml.nvmlDeviceGetClockInfo(self._handle, self._nvml.NVML_CLOCK_SM))
        except self._nvml.NVMLError as exc:
            self.missing = f"NVML does not tell the clock: {exc}"
            return None
        return HZ_PER_MHZ * clock_mhz
