"""Operators through PyTorch's stable interface: what is passed, what is given back, what an error becomes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from impls import native, torch_cxx
from impls.torch_interface.errors import typed

pytestmark = pytest.mark.compiler

SOURCE = """
#include "{interface}/library.h"
namespace opbench {{
int64_t added(const Tensor& x, const std::optional<Tensor>& y, double by, bool twice, std::optional<bool> third) {{
  const auto more = static_cast<int64_t>(by * (twice ? 2 : 1));
  return x.numel() + (y ? 10 * y->numel() : 0) + more + (third ? 100 + *third : 0);
}}
std::tuple<Tensor, int64_t, double> several(const Tensor& x) {{
  const Packed packed(x, Dtype::float64);
  Tensor out = Tensor::empty(x.sizes(), Dtype::float64);
  out.copy_from(packed.tensor());
  return {{std::move(out), -x.dim(), 0.5}};
}}
void fail(const Tensor& x, int64_t how) {{
  OPBENCH_CHECK_VALUE(how != 0, "x has shape ", x.sizes(), " and ", x.dtype(), "; ", 1.5);
  OPBENCH_CHECK_TYPE(how != 1, "x is ", x.dtype());
  OPBENCH_CHECK_INDEX(how != 2, "index ", how);
}}
void change(const Tensor& x) {{ x.changed(); }}
bool overlap(const Tensor& x, const Tensor& y) {{ return share_memory(x, y); }}
const Library kLibrary("opbench_interface_test", [](Library& library) {{
  library.def<added>("added(Tensor x, Tensor? y, float by, bool twice, bool? third) -> int")
      .def<several>("several(Tensor x) -> (Tensor, int, float)")
      .def<fail>("fail(Tensor x, int how) -> ()")
      .def<change>("change(Tensor(a!) x) -> ()")
      .def<overlap>("overlap(Tensor x, Tensor y) -> bool");
}});
}}
"""


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("interface") / "operators.cpp"
    file.write_text(SOURCE.format(interface=torch_cxx.INTERFACE[0].parent))
    return native.load("opbench_interface_test", [file, *torch_cxx.INTERFACE])


def test_arguments_arrive_as_they_were_given(operators: Any) -> None:
    x, y = torch.ones(3, 2), torch.ones(7)
    assert operators.added(x, None, 2.5, False, None) == 6 + 2
    assert operators.added(x, y, 2.5, True, False) == 6 + 70 + 5 + 100
    assert operators.added(torch.empty(0), y[:0], -1.0, True, True) == -2 + 101


def test_results_of_several_kinds_and_copies_in_another_dtype_are_given_back(operators: Any) -> None:
    x = torch.arange(6.0).reshape(2, 3).t()
    copied, axes, half = operators.several(x)
    assert torch.equal(copied, x.double())
    assert copied.is_contiguous()
    assert (axes, half) == (-2, 0.5)
    assert operators.several(torch.ones(()))[0].shape == ()


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [(0, ValueError, "x has shape [2, 0] and Half; 1.5"), (1, TypeError, "x is Half"), (2, IndexError, "index 2")],
)
def test_errors_are_pythons(operators: Any, how: int, error: type[Exception], says: str) -> None:
    x = torch.empty(2, 0, dtype=torch.float16)

    def call(how: int) -> None:
        try:
            operators.fail(x, how)
        except RuntimeError as exc:
            raise typed(exc) from None

    call(3)
    with pytest.raises(error, match=f"^{re.escape(says)}$"):
        call(how)


def test_another_runtime_error_stays_what_it_is() -> None:
    error = RuntimeError("out of memory")
    assert typed(error) is error


def test_a_change_is_told_to_autograd_but_of_inference_tensors(operators: Any) -> None:
    x = torch.ones(2)
    before = x._version
    operators.change(x)
    assert x._version == before + 1
    with torch.inference_mode():
        operators.change(torch.ones(2))


def test_memory_is_shared_by_address(operators: Any) -> None:
    whole = torch.ones(10)
    assert operators.overlap(whole[:3], whole[7:])  # of one storage
    assert not operators.overlap(whole, torch.ones(10))


def test_the_interface_includes_nothing_of_pytorch() -> None:
    """Only then does one library serve several of its releases."""
    for header in torch_cxx.INTERFACE:
        assert not re.findall(r"#include <(?:torch|ATen|c10)/", header.read_text()), header.name


def test_what_is_linked_of_pytorch_is_what_the_interface_declares(operators: Any) -> None:
    declared = (torch_cxx.INTERFACE[0].parent / "shim.h").read_text()
    library = Path(operators.c._name)
    listed = subprocess.run(["nm", "-DC", "--undefined-only", library], capture_output=True, text=True, check=True)
    used = set(re.findall(r"\b(aoti_\w+|torch_\w+)", listed.stdout))
    assert used <= set(re.findall(r"\b(aoti_\w+|torch_\w+)\(", declared))
    cpp = set(re.findall(r"(?:at|c10|torch)::[\w:]+", listed.stdout)) - {"at::Tensor"}
    assert cpp <= {"at::get_num_threads", "at::native::is_inference", "torch::autograd::impl::bump_version"}
