"""A resumed training goes the way it would have gone, and a file that is not one is refused in one line."""

from __future__ import annotations

import dataclasses
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.hadaptive.config import NetworkConfig
from impls.hadaptive.network import build
from impls.hadaptive.training import checkpoint
from impls.hadaptive.training.loop import Training
from opbench.errors import MachineError, UsageError

from ..scenes import random
from ..training_scenes import FEW, TINY, bars, differing, ran, timeless, training


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("finished", [1, 3])
def test_a_resumed_training_ends_with_the_same_bits(precision: str, finished: int, tmp_path: Path) -> None:
    settings = dataclasses.replace(FEW, precision=precision)
    straight = ran(training(settings))
    checkpoint.save(ran(training(settings), epochs=finished), tmp_path / "a.pt")
    torch.rand(3)
    resumed = training(settings)
    checkpoint.resume(resumed, tmp_path / "a.pt")
    assert len(resumed.history) == finished
    ran(resumed)
    assert differing(resumed.state(), straight.state()) == []
    assert timeless(resumed.history) == timeless(straight.history)


def test_what_is_resumed_is_all_of_it() -> None:
    """Nothing of a state may be missing and the above still pass by luck."""
    before, after = ran(training(), epochs=1), ran(training(), epochs=2)
    moved = differing(before.state(), after.state())
    assert any(path.startswith("/noise") for path in moved)
    assert any("exp_avg_sq" in path for path in moved)
    assert any("temperature.tau" in path for path in moved)
    assert any("running_var" in path for path in moved)


def test_a_finished_training_is_resumed_to_nothing_more(tmp_path: Path) -> None:
    checkpoint.save(ran(training()), tmp_path / "a.pt")
    resumed = training()
    checkpoint.resume(resumed, tmp_path / "a.pt")
    assert [one.number for one in ran(resumed).history] == [1, 2, 3, 4]


def test_the_network_of_a_checkpoint_computes_what_the_trained_one_did(tmp_path: Path) -> None:
    trained, x = ran(training()), random(3, 1, 5, 4)
    checkpoint.save(trained, tmp_path / "a.pt")
    trained.network.eval()
    loaded, filled = checkpoint.load_network(tmp_path / "a.pt", "torch_eager"), build(TINY, 3, 1, "torch_eager").eval()
    checkpoint.load_weights(filled, tmp_path / "a.pt")
    for network in (loaded, filled):
        assert not network.training
        assert torch.equal(network(x), trained.network(x))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "a.pt"
    checkpoint.save(ran(training(), epochs=1), path)
    return path


class Code:
    """Makes a folder when a pickle of it is loaded without care."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.marker),)


def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "it_ran"
    torch.save({"format": checkpoint.FORMAT, "state": Code(marker)}, tmp_path / "zip.pt")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Code(marker)))
    with pytest.raises(UsageError, match=r"zip.pt holds code or objects beside tensors .*mkdir.*nothing of it was run"):
        checkpoint.load(tmp_path / "zip.pt")
    with pytest.raises(UsageError, match=r"bare.pt is a bare pickle, which may hold code; expected a zip archive"):
        checkpoint.load(tmp_path / "bare.pt")
    assert not marker.exists()
    pickle.loads((tmp_path / "bare.pt").read_bytes())
    assert marker.exists()  # the trap works


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share: float, saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UsageError, match=r"cut.pt is truncated, or no checkpoint at all; expected"):
        checkpoint.load(tmp_path / "cut.pt")


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.pt"):
        with pytest.raises(UsageError, match=rf"no checkpoint {path}; expected a file"):
            checkpoint.load(path)
    (tmp_path / "text.pt").write_text("not a checkpoint", encoding="utf-8")
    with pytest.raises(UsageError, match=r"text.pt is truncated, or no checkpoint at all"):
        checkpoint.load(tmp_path / "text.pt")


def changed(saved: Path, at: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    content = torch.load(saved, weights_only=True)
    replaced = change(content)
    torch.save(content if replaced is None else replaced, at)
    return at


STRANGE: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("a state dict", lambda content: content["state"]["network"], "is of format None; expected a checkpoint"),
    ("a tensor", lambda _: torch.zeros(3), "is of format 'Tensor'"),
    ("a later version", lambda content: content.update(format="opbench.hadaptive.training/9"), "training/9'; expected"),
    ("no history", lambda content: content.pop("history") and None, "lacks history; expected config, data"),
    ("a setting more", lambda content: content["settings"].update(clip=1), "does not fit .*clip.*train again"),
    ("a bad setting", lambda content: content["settings"].update(batch=1), "batch is 1; expected"),
    ("a bad layer", lambda content: content["config"]["layers"][1].update(k=1), "k = 1 selected channels"),
]


@pytest.mark.parametrize(("change", "says"), [case[1:] for case in STRANGE], ids=[case[0] for case in STRANGE])
def test_other_contents_are_refused(
    change: Callable[[dict[str, Any]], Any], says: str, saved: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        checkpoint.load(changed(saved, tmp_path / "a.pt", change))
    assert "\n" not in str(caught.value)


def test_a_state_that_does_not_fit_its_own_configuration_is_one_line(saved: Path, tmp_path: Path) -> None:
    path = changed(
        saved, tmp_path / "a.pt", lambda content: content["state"]["network"].pop("head.classify.bias") is None
    )
    path = changed(
        saved, path, lambda content: content["state"]["network"].update({"head.classify.bias": torch.zeros(9)})
    )
    for use in (checkpoint.load_network, lambda at: checkpoint.resume(training(), at)):
        with pytest.raises(UsageError, match=r"does not fit its own network .*train again") as caught:
            use(path)
        assert "\n" not in str(caught.value)


OTHERS: list[tuple[NetworkConfig, str]] = [
    (TINY.with_hada(norm="dyt"), r"layer 1 is HadaBottleneck\(.*norm='dysoft'.*\) there, HadaBottleneck\(.*norm='dyt'"),
    (dataclasses.replace(TINY, layers=TINY.layers[:3]), "4 layers there, 3 here"),
    (dataclasses.replace(TINY, hidden=14), "hidden is 13 there, 14 here"),
]


@pytest.mark.parametrize(("config", "says"), OTHERS, ids=["norm", "layers", "hidden"])
def test_a_checkpoint_of_another_network_names_both(config: NetworkConfig, says: str, saved: Path) -> None:
    other = Training(config, bars(), FEW, backend="torch_eager")
    with pytest.raises(UsageError, match=says):
        checkpoint.resume(other, saved)
    with pytest.raises(UsageError, match=says):
        checkpoint.load_weights(other.network, saved)


def test_a_checkpoint_of_another_variant_names_both(tmp_path: Path) -> None:
    from impls.hadaptive.network import hadaptive_net_m
    from impls.hadaptive.training.config_difference import config_difference, name_of
    from impls.hadaptive.variants import L, S

    assert (name_of(S), name_of(L), name_of(TINY)) == (
        "hadaptive_net_s",
        "hadaptive_net_l",
        "a configuration of 4 layers",
    )
    assert config_difference(S, L).startswith("layer 0 is Convolution(channels=32,")
    path = tmp_path / "a.pt"
    checkpoint.save(ran(training(), epochs=1), path)
    with pytest.raises(
        UsageError, match=r"a.pt is of a configuration of 4 layers, and the network here is hadaptive_net_m"
    ):
        checkpoint.load_weights(hadaptive_net_m(), path)


def test_other_classes_channels_data_and_settings_name_both(saved: Path) -> None:
    with pytest.raises(UsageError, match="is of 3 classes and 1 channels, and the network has 10 and 3"):
        checkpoint.load_weights(build(TINY, 10, 3), saved)
    with pytest.raises(
        UsageError, match=r"trained on bars \(3 classes, 1x6x6\), and this is bars \(3 classes, 1x7x7\)"
    ):
        checkpoint.resume(training(data=bars(edge=7)), saved)
    other = dataclasses.replace(FEW, epochs=9, rate=0.5)
    with pytest.raises(
        UsageError, match=r"has other settings: epochs 4 there, 9 here; rate 0\.01 there, 0\.5 here; a res"
    ):
        checkpoint.resume(training(other), saved)


@pytest.mark.parametrize(
    "changed",
    [{"data": None}, {"data": {}}, {"config": "abc"}, {"config": {"layers": ["x"]}}, {"settings": 3}, {"history": 3}],
    ids=str,
)
def test_a_part_of_another_kind_is_refused(changed: dict[str, Any], saved: Path, tmp_path: Path) -> None:
    content = {**torch.load(saved, weights_only=True), **changed}
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(UsageError):
        checkpoint.load(tmp_path / "a.pt")


@pytest.mark.parametrize("state", [None, [], {"network": None}], ids=str)
def test_a_state_of_another_kind_does_not_fit(state: Any, saved: Path, tmp_path: Path) -> None:
    torch.save({**torch.load(saved, weights_only=True), "state": state}, tmp_path / "a.pt")
    for use in (lambda path: checkpoint.resume(training(), path), checkpoint.load_network):
        with pytest.raises(UsageError, match="does not fit its own network"):
            use(tmp_path / "a.pt")


def test_a_flipped_bit_and_a_lost_beginning_are_damage(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    weights = torch.load(saved, weights_only=True)["state"]["network"]["head.hide.0.weight"]
    flipped = bytearray(whole)
    flipped[whole.index(weights.numpy().tobytes()[:32]) + 5] ^= 1
    for content in (bytes(flipped), whole[100:]):
        (tmp_path / "a.pt").write_bytes(content)
        with pytest.raises(UsageError, match=r"is damaged|holds code"):
            checkpoint.load(tmp_path / "a.pt")


def test_a_write_that_fails_leaves_the_last_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, one = tmp_path / "a.pt", ran(training(), epochs=1)
    checkpoint.save(one, path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match=r"cannot write the checkpoint .*No space left.*free space"):
        checkpoint.save(one, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_an_error_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="cannot write the checkpoint"):
        checkpoint.save(training(), tmp_path / "file" / "a.pt")
