"""A point gets the threads it asks for, and one that asks for none gets what the process had."""

from __future__ import annotations

import pytest
import torch

from impls import threads
from impls.network.product_backends import backend_inside
from impls.threads import threads_of, use_threads
from opbench import Point, catalog
from opbench.errors import UsageError


@pytest.fixture(autouse=True)
def many(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of five threads on a machine of seven cores, whichever runs the tests; one again afterwards."""
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    monkeypatch.setattr(threads, "_BEFORE", [])
    torch.set_num_threads(5)


def test_a_later_point_that_asks_for_none_gets_what_was_there_before() -> None:
    assert [now({"threads": one}) for one in (0, 1, 7, 0, 2, 0)] == [5, 1, 7, 5, 2, 5]
    torch.set_num_threads(4)
    assert [now({}), now({"threads": 3}), now({"batch": 2})] == [4, 3, 4]


def test_a_runtime_beside_pytorch_is_told_the_same_number() -> None:
    assert [threads_of({"threads": one}) for one in (0, 3)] == [5, 3]
    use_threads({"threads": 2})
    assert [threads_of({"threads": one}) for one in (0, 3)] == [5, 3]


def test_a_piece_of_one_thread_leaves_the_number_as_it_was_even_if_it_fails() -> None:
    with threads.one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 5
    with pytest.raises(KeyError), threads.one_thread():
        raise KeyError
    assert torch.get_num_threads() == 5


def now(axes: dict[str, int]) -> int:
    use_threads(axes)
    return torch.get_num_threads()


def test_more_threads_than_cores_are_refused_and_nothing_changes() -> None:
    with pytest.raises(UsageError, match=r"threads is 8; expected 0 \(PyTorch's choice\) to 7, this machine's"):
        use_threads({"threads": 8})
    assert torch.get_num_threads() == 5


def test_a_network_is_prepared_under_its_points_threads() -> None:
    operator = catalog.operator("hadaptive_s")
    point = Point("hadaptive_s", operator.complete({"edge": 33, "threads": 1}))
    backend_inside("torch_eager").prepare(point, operator.inputs(point), None, "")
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("name", ["hadaptive_m", "mobilevit_xxs"])
def test_the_same_image_whatever_the_threads(name: str) -> None:
    operator = catalog.operator(name)
    one, other = (
        operator.inputs(Point(name, operator.complete({"edge": 65, "threads": threads})))["x"] for threads in (0, 3)
    )
    assert torch.equal(one, other)
    larger = operator.inputs(Point(name, operator.complete({"edge": 66, "threads": 3})))["x"]
    assert not torch.equal(one, larger[:, :, :65, :65])
