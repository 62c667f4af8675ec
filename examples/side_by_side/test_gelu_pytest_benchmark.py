import pytest
import torch
import torch.nn.functional as F

FUNCTIONS = {"eager": F.gelu, "compiled": torch.compile(F.gelu)}


@pytest.mark.parametrize("hidden", [256, 1024, 4096])
@pytest.mark.parametrize("rows", [64, 512])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gelu(benchmark, name, rows, hidden):
    x = torch.randn(rows, hidden)
    benchmark.group = f"rows={rows}, hidden={hidden}"
    result = benchmark(FUNCTIONS[name], x)
    torch.testing.assert_close(result, F.gelu(x.double()).float())
