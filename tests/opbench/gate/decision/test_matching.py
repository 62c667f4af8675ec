"""What both sides have is compared; every other benchmark gets a word."""

from __future__ import annotations

from opbench.gate.benchmark import Benchmark
from opbench.gate.decision.matching import match_benchmarks
from opbench.gate.decision.verdict import Judgement, Verdict

FILE = "tests/bench/test_sums.py"


def benchmark(name: str, digest: str | None = None, file: str = FILE, **params: str) -> Benchmark:
    return Benchmark(f"{file}::{name}", params or None, digest)


def only(base: list[Benchmark], head: list[Benchmark]) -> Judgement:
    names, judgements = match_benchmarks(base, head)
    assert names == []
    assert len(judgements) == 1
    return judgements[0]


def test_equal_ones_are_compared_in_heads_order() -> None:
    a, b = benchmark("test_a", "1", n="3"), benchmark("test_b", "2")
    assert match_benchmarks([a, b], [b, a]) == ([b.id, a.id], [])


def test_one_only_in_head_is_new_and_says_what_to_do() -> None:
    new = only([], [benchmark("test_a")])
    assert new.verdict is Verdict.NEW
    assert new.reason.endswith("--allow new lets this pass")


def test_one_only_in_base_is_deleted() -> None:
    assert only([benchmark("test_a")], []).verdict is Verdict.DELETED


def test_the_same_test_under_another_name_is_renamed_and_both_names_are_given() -> None:
    renamed = only([benchmark("test_old", "1", n="3")], [benchmark("test_completely_other", "1", n="3")])
    assert renamed.verdict is Verdict.RENAMED
    assert renamed.benchmark == f"{FILE}::test_completely_other"
    assert "test_old" in renamed.reason


def test_a_similar_name_with_equal_parameters_in_the_same_file_is_renamed() -> None:
    assert only([benchmark("test_transpose", n="3")], [benchmark("test_transposed", n="3")]).verdict is Verdict.RENAMED


def test_likeness_is_not_that_of_files_and_prefixes() -> None:
    _, judgements = match_benchmarks([benchmark("test_a")], [benchmark("test_b")])
    assert [judgement.verdict for judgement in judgements] == [Verdict.NEW, Verdict.DELETED]


def test_a_name_of_which_a_third_is_another_is_no_new_name_of_it() -> None:
    """A test took the place of another."""
    _, judgements = match_benchmarks([benchmark("test_gather_rows")], [benchmark("test_gather_pair")])
    assert [judgement.verdict for judgement in judgements] == [Verdict.NEW, Verdict.DELETED]


def test_a_similar_name_with_other_parameters_or_in_another_file_is_not_renamed() -> None:
    for head in (benchmark("test_transposed", n="4"), benchmark("test_transposed", file="other.py", n="3")):
        _, judgements = match_benchmarks([benchmark("test_transpose", n="3")], [head])
        assert [judgement.verdict for judgement in judgements] == [Verdict.NEW, Verdict.DELETED]


def test_of_two_that_could_be_meant_neither_is_the_renamed_one() -> None:
    _, judgements = match_benchmarks(
        [benchmark("test_transpose")], [benchmark("test_transposed"), benchmark("test_transposer")]
    )
    assert sorted(judgement.verdict for judgement in judgements) == [Verdict.DELETED, Verdict.NEW, Verdict.NEW]


def test_every_parameter_of_a_renamed_test_finds_its_own() -> None:
    base = [benchmark(f"test_transpose[{n}]", n=n) for n in "34"]
    head = [benchmark(f"test_transposed[{n}]", n=n) for n in "34"]
    _, judgements = match_benchmarks(base, head)
    assert [judgement.verdict for judgement in judgements] == [Verdict.RENAMED] * 2
    assert all(judgement.benchmark[-3:] in judgement.reason.split(" in base")[0] for judgement in judgements)


def test_other_parameters_under_one_name_are_changed_and_their_values_given() -> None:
    changed = only([benchmark("test_a[big]", n="3", device="cpu")], [benchmark("test_a[big]", n="4", device="cpu")])
    assert changed.verdict is Verdict.CHANGED
    assert "parameter 'n' was 3, is 4" in changed.reason
    assert "device" not in changed.reason


def test_another_source_under_one_name_is_changed() -> None:
    changed = only([benchmark("test_a", "1")], [benchmark("test_a", "2")])
    assert changed.verdict is Verdict.CHANGED
    assert "source" in changed.reason


def test_no_parameters_and_none_are_the_same() -> None:
    empty, absent = Benchmark("a.py::test_a", {}), Benchmark("a.py::test_a", None)
    assert match_benchmarks([empty], [absent])[0] == ["a.py::test_a"]
