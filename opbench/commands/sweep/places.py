"""On which devices a sweep is measured, by what the command line says."""

from __future__ import annotations

from opbench.cli.options import DEVICES, resolve_device
from opbench.commands.sweep.options import SweepOptions
from opbench.errors import UsageError, unknown
from opbench.running.workers.device_list import device_units, require_alike
from opbench.running.workers.places import OneDevice, Place, RayCluster, SeveralDevices
from opbench.running.workers.ray_cluster import connected, slots

ON = ("ray",)


def place_of(options: SweepOptions) -> Place:
    """Raises UsageError for options that contradict each other, MachineError for devices that are not there."""
    if options.on and options.on not in ON:
        raise unknown("cluster", options.on, ON, "for --on")
    if options.accelerator and not options.on:
        raise UsageError(f"--accelerator {options.accelerator} names a kind of GPU of a cluster; give --on ray too")
    if not options.devices and not options.on:
        return OneDevice(resolve_device(options.device))
    if options.devices and options.on:
        raise UsageError("--devices are of this host, --on ray is a cluster; give one of the two")
    if options.with_ceilings:
        raise UsageError("--ceilings measures one device; run `opbench ceilings` on each host before")
    return _cluster(options) if options.on else _several(options)


def _several(options: SweepOptions) -> Place:
    units = device_units(options.devices)
    kind = units[0].kind
    if options.device not in ("auto", kind):
        raise UsageError(f"--device {options.device} and --devices {','.join(options.devices)} contradict each other")
    resolve_device(kind)  # raises where there is none
    require_alike(units)
    return SeveralDevices(units)


def _cluster(options: SweepOptions) -> Place:
    if options.device not in DEVICES:
        raise unknown("device", options.device, DEVICES)
    ray = connected()
    nodes = ray.nodes()
    has_gpu = any(node["Alive"] and node["Resources"].get("GPU", 0) >= 1 for node in nodes)
    device = ("cuda" if has_gpu else "cpu") if options.device == "auto" else options.device
    return RayCluster(ray, tuple(slots(nodes, device, options.accelerator)), options.wait)
