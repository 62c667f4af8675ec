import itertools

import torch
import torch.nn.functional as F
from torch.utils import benchmark

compiled = torch.compile(F.gelu)
results = []
for rows, hidden in itertools.product([64, 512], [256, 1024, 4096]):
    x = torch.randn(rows, hidden)
    for name, function in (("eager", F.gelu), ("compiled", compiled)):
        timer = benchmark.Timer(
            "function(x)",
            globals={"function": function, "x": x},
            num_threads=torch.get_num_threads(),
            label="gelu",
            sub_label=f"rows={rows}, hidden={hidden}",
            description=name,
        )
        results.append(timer.blocked_autorange(min_run_time=0.2))
benchmark.Compare(results).print()
