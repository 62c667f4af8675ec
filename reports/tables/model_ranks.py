"""How far our order of the classifiers is the paper's, and what is known of those that stand elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.layout.table_files import TableCell, TableColumn, TableRow, table_files
from reports.models.classifiers import RUNTIMES, benches
from reports.models.ranks import FAR, Ranks, preferred_runtime, ranks


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make the table of correlations, and that of the models that moved; [] where too few models are measured."""
    places = [[ranked for name in bench.runtimes if (ranked := ranks(bench, name))] for bench in benches(records)]
    places = [place for place in places if place]
    if not places:
        return []
    return [*_correlations(places), *_moves([preferred_runtime(place) for place in places])]


def _correlations(places: Sequence[Sequence[Ranks]]) -> list[Artifact]:
    columns = [
        TableColumn("Measured", kind=""),
        TableColumn("Runtime", kind=""),
        TableColumn("models"),
        TableColumn("the paper's latency", group="rank correlation of our latency with"),
        TableColumn("MACs", group="rank correlation of our latency with"),
        TableColumn("parameters", group="rank correlation of our latency with"),
        TableColumn("MACs", group="of the paper's latency with"),
        TableColumn("parameters", group="of the paper's latency with"),
    ]
    rows = [TableRow(_correlation(ranked), first=ranked is place[0]) for place in places for ranked in place]
    caption = (
        "Spearman's rank correlation over the models both have: 1 is the same order, 0 none, -1 the reverse. The "
        "paper's latency is its CPU column, and its GPU column for a GPU. Its machines and its runtime are others than "
        "ours, so that orders may differ for that alone; parameters are ours, all with the same number of classes."
    )
    return table_files("rank_correlation", "Our order of the models and the paper's", caption, columns, rows)


def _correlation(ranked: Ranks) -> list[TableCell]:
    pairs = {
        "ours_with_paper": (ranked.ours, ranked.paper),
        "ours_with_macs": (ranked.ours, ranked.macs),
        "ours_with_parameters": (ranked.ours, ranked.parameters),
        "paper_with_macs": (ranked.paper, ranked.macs),
        "paper_with_parameters": (ranked.paper, ranked.parameters),
    }
    correlations = {name: ranked.correlation(*pair) for name, pair in pairs.items()}
    return [
        TableCell(
            ranked.bench.label,
            (f"against the paper's {ranked.column}",),
            {"place": ranked.bench.label, "column": ranked.column},
        ),
        TableCell(ranked.runtime, (RUNTIMES.get(ranked.runtime, ""),), {"runtime": ranked.runtime}),
        TableCell(f"{len(ranked.operators)}", values={"models": len(ranked.operators)}),
        *(
            TableCell(f"{rho:.2f}", values={name: rho}, strong=name == "ours_with_paper")
            for name, rho in correlations.items()
        ),
    ]


def _moves(by_place: Sequence[Ranks]) -> list[Artifact]:
    """A sentence for each model that moved; no table where none did."""
    rows = [
        TableRow(_move(ranked, operator), first=operator == ranked.moved[0])
        for ranked in by_place
        for operator in ranked.moved
    ]
    if not rows:
        return []
    columns = [TableColumn("Measured", kind=""), TableColumn("Reading", kind="words")]
    caption = (
        f"Every model that stands more than {FAR} ranks from where the paper has it, in one runtime for each place; "
        "rank 1 is the least. The sentences are made from the numbers and know no other cause."
    )
    return table_files("rank_moves", "Models that stand elsewhere than in the paper", caption, columns, rows)


def _move(ranked: Ranks, operator: str) -> list[TableCell]:
    values = {
        "operator": operator,
        "rank_in_paper": ranked.paper[operator],
        "rank_here": ranked.ours[operator],
        "rank_by_macs": ranked.macs[operator],
        "rank_by_parameters": ranked.parameters[operator],
    }
    where = TableCell(ranked.bench.label, (ranked.runtime,), {"place": ranked.bench.label, "runtime": ranked.runtime})
    return [where, TableCell(ranked.sentence(operator), values=values)]


REPORT = Report(
    about="rank correlation of the classifiers' latencies with the paper's, and a sentence for each that moved",
    order=4,
    render=render,
)
