"""The benchmark that holds the networks in one call against other runtimes: what it starts, and what it makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from benchmarks.kernels import networks_beside_runtimes
from benchmarks.kernels.network_runtimes import RUNTIMES, runtimes_of
from benchmarks.kernels.networks_beside_runtimes import NETWORKS, OURS, WITH_OPERATORS, asked, ratio, tell

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def test_every_runtime_is_a_backend_and_every_network_has_those_that_it_can() -> None:
    assert {*OURS, *WITH_OPERATORS} <= set(RUNTIMES)
    for network in NETWORKS:
        assert set(RUNTIMES) - set(runtimes_of(network)) == {"onednn_graph"}
    for network in asked(["zoo"]):
        assert set(RUNTIMES) - set(runtimes_of(network)) == {*OURS, *WITH_OPERATORS}


def test_networks_are_named_one_by_one_or_together() -> None:
    assert asked([]) == [*NETWORKS]
    assert asked(["all"]) == [*NETWORKS, *asked(["zoo"])]
    assert asked(["starnet_s1", "hadaptive_m"]) == ["starnet_s1", "hadaptive_m"]


def test_a_ratio_is_of_rounds_and_its_interval_around_it() -> None:
    ours = np.asarray([1.0, 1.1, 0.9, 1.0, 1.0, 1.05, 0.95])
    assert ratio(2 * ours, ours).startswith("2.000x [")
    low, high = map(float, ratio(2 * ours[::-1], ours).partition("[")[2].rstrip("]").split(", "))
    assert low < 2 < high


def test_who_is_ahead_without_us_is_held_against_the_better_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = {"ort_stock": 3.0, "ort_custom": 2.5, "openvino": 2.4, "fused": 2.0, "ort_fused": 1.6}
    tell("hadaptive_s", 1, {name: np.full(5, value) for name, value in seconds.items()})
    last = capsys.readouterr().out.splitlines()[-1]
    said = "hadaptive_s            1  the fastest without us, openvino, over ours, ort_fused: 1.500x [1.500, 1.500]"
    assert last == said


def test_where_there_is_none_of_ours_everybody_is_held_against_the_quickest(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = {"ort_stock": 3.0, "openvino": 2.0}
    tell("starnet_s1", 1, {name: np.full(5, value) for name, value in seconds.items()})
    first, last = capsys.readouterr().out.splitlines()
    assert first.endswith("3000.000 ms   1.500x [1.500, 1.500]")
    assert last.rstrip().endswith("openvino     2000.000 ms")


def test_processor_time_is_refused_where_threads_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["it", "--processor", "--threads", "1,2"])
    with pytest.raises(SystemExit):
        networks_beside_runtimes.main()


def test_a_round_is_as_long_as_it_is_however_long_its_turn_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def call() -> list[float]:
        clock[0] += 0.125
        return [0.0]

    class Pipe:
        """Asks for one round after an hour."""

        def __init__(self) -> None:
            self.sent: list[object] = []

        def send(self, answer: object) -> None:
            self.sent.append(answer)

        def recv(self) -> str:
            if len(self.sent) > 1:
                raise EOFError
            clock[0] += 3600
            return "round"

    monkeypatch.setattr(networks_beside_runtimes, "RUNTIMES", {"one": lambda *_: call})
    monkeypatch.setattr(networks_beside_runtimes, "perf_counter", lambda: clock[0])
    pipe = Pipe()
    with pytest.raises(EOFError):
        networks_beside_runtimes.serve(cast("Connection", pipe), "one", "any", 1, processor=False)
    assert pipe.sent[1] == 0.125
