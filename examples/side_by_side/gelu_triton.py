import torch
import torch.nn.functional as F
import triton.testing

FUNCTIONS = {"eager": F.gelu, "compiled": torch.compile(F.gelu)}


@triton.testing.perf_report(
    [
        triton.testing.Benchmark(
            x_names=["hidden"],
            x_vals=[256, 1024, 4096],
            line_arg="name",
            line_vals=list(FUNCTIONS),
            line_names=list(FUNCTIONS),
            ylabel="ms",
            plot_name=f"gelu-rows-{rows}",
            args={"rows": rows},
        )
        for rows in (64, 512)
    ]
)
def gelu(name, rows, hidden):
    x = torch.randn(rows, hidden, device="cuda")
    return triton.testing.do_bench(lambda: FUNCTIONS[name](x), quantiles=[0.5, 0.2, 0.8])


gelu.run(print_data=True)
