import torch
import torch.nn.functional as F

import opbench

print(
    opbench.compare(
        {"eager": F.gelu, "compiled": torch.compile(F.gelu)},
        inputs=lambda rows, hidden: torch.randn(rows, hidden),
        axes={"rows": [64, 512], "hidden": [256, 1024, 4096]},
    )
)
