"""What a launch on the PTX machine costs, put together: by line, beside what the compiled binary takes of a device, and
beside what a device's memory can move. docs/ptx.md says what cannot be known.
"""

from opbench.ptx.cost.binary import Binary, inspect
from opbench.ptx.cost.bound import PEAKS, Bound, Peak, bound
from opbench.ptx.cost.launch_cost import LaunchCost, LineCost, launch_cost
from opbench.ptx.cost.occupancy import Occupancy, occupancy

__all__ = [
    "PEAKS",
    "Binary",
    "Bound",
    "LaunchCost",
    "LineCost",
    "Occupancy",
    "Peak",
    "bound",
    "inspect",
    "launch_cost",
    "occupancy",
]
