"""Figure 1: what accuracy a classifier is reported to have, against the time and the work that it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data import units
from reports.data.grouping import grouped
from reports.layout import canvas
from reports.layout.figure_files import figure_file
from reports.layout.point_labels import Name, settle, write_names
from reports.layout.style import style_of, styled, to_svg
from reports.models.classifiers import OURS, Bench, benches, family, shown
from reports.models.reported import table7

_SIZE = (9.6, 5.2)  # inches


@dataclass(frozen=True)
class ModelDot:
    """One model in its quickest runtime.

    time: of one image, in seconds.
    macs: of one image.
    top1: reported ImageNet accuracy, in percent.
    """

    operator: str
    runtime: str
    time: Interval
    macs: int
    top1: float


def render(records: Sequence[Record]) -> list[Artifact]:
    """Draw one figure per device, at its largest number of threads; none where no model has a reported accuracy."""
    widest: dict[str, Bench] = {}
    for bench in benches(records):
        known = widest.setdefault(bench.place.device, bench)
        if bench.place.threads > known.place.threads:
            widest[bench.place.device] = bench
    return [_figure(bench, dots_drawn) for bench in widest.values() if (dots_drawn := dots(bench))]


def dots(bench: Bench) -> list[ModelDot]:
    """Choose the measured models that the paper reports an accuracy of, in the paper's order."""
    drawable = []
    for operator in bench.models:
        times = {runtime: time for (name, runtime), time in bench.times.items() if name == operator}
        work, reported = bench.any(operator).work, table7().get(shown(operator))
        if times and work and reported:
            best = min(times, key=lambda runtime: times[runtime].mid)
            drawable.append(ModelDot(operator, best, times[best], work.macs, reported.imagenet_percent))
    return drawable


def shared_dots(bench: Bench, drawn: Sequence[ModelDot]) -> list[ModelDot]:
    """Our models once more, in the quickest of the runtimes that others are drawn from too, where that is another one.

    What lies between is our kernels' and not the architecture's.
    """
    shared = {runtime for operator, runtime in bench.times if family(operator) != OURS}
    found = []
    for dot in drawn:
        times = {name: bench.times[dot.operator, name] for name in shared if (dot.operator, name) in bench.times}
        if family(dot.operator) == OURS and times and dot.runtime not in shared:
            best = min(sorted(times), key=lambda runtime: times[runtime].mid)
            found.append(replace(dot, runtime=best, time=times[best]))
    return found


def _figure(bench: Bench, drawn: Sequence[ModelDot]) -> Artifact:
    shared = shared_dots(bench, drawn)
    with styled():
        figure = canvas.new_figure(*_SIZE)
        left, right = figure.subplots(1, 2, sharey=True)
        canvas.head(left, "Accuracy against latency", f"{bench.label}, batch 1, the quickest runtime of each model")
        canvas.head(right, "Accuracy against work", "convolutions and linear layers of one image")
        left.set_ylabel("ImageNet top-1 in %, reported by the paper")
        _draw(left, "latency, ms", drawn, _milliseconds)
        _draw_shared(left, shared)
        _draw(right, "MACs, millions", drawn, _millions)
        handles = [*_handles(drawn), *_shared_handles(shared)]
        figure.legend(handles=handles, loc="outside upper left", ncols=8, handlelength=1.4, columnspacing=1.3)
        settle(figure)
        _name(left, drawn, _milliseconds, _path(shared, _milliseconds))
        _name(right, drawn, _millions)
        data = to_svg(figure)
    title = f"Figure 1: accuracy against latency and work, {bench.label}"
    return Artifact(figure_file("accuracy_latency", bench.label), title, _caption(bench, drawn, shared), data)


def _milliseconds(dot: ModelDot) -> Interval:
    return units.in_milliseconds(dot.time)


def _millions(dot: ModelDot) -> Interval:
    return Interval(dot.macs / 1e6, dot.macs / 1e6, dot.macs / 1e6)


def _draw(ax: Axes, name: str, drawn: Sequence[ModelDot], value_of: Callable[[ModelDot], Interval]) -> None:
    path = _path(drawn, value_of)
    ax.plot([x for x, _ in path], [y for _, y in path], color=style_of(OURS).colour, lw=1.2, alpha=0.6, zorder=0.5)
    for dot in drawn:
        style, x = style_of(family(dot.operator)), value_of(dot)
        ax.hlines(dot.top1, x.low, x.high, color=style.colour, lw=2.4, alpha=0.45)
        ax.plot([x.mid], [dot.top1], color=style.colour, marker=style.marker, ms=6, ls="")
    ax.set_xlabel(name)
    ax.margins(x=0.14, y=0.08)
    ax.set_xscale("log")
    canvas.decades(ax.xaxis)


def _draw_shared(ax: Axes, shared: Sequence[ModelDot]) -> None:
    style, path = style_of(OURS), _path(shared, _milliseconds)
    x, y = [x for x, _ in path], [y for _, y in path]
    ax.plot(x, y, color=style.colour, marker=style.marker, mfc="white", ms=6, ls=":", lw=1.2)


def _path(drawn: Sequence[ModelDot], value_of: Callable[[ModelDot], Interval]) -> list[tuple[float, float]]:
    """Through the Hadaptive-Nets, from small to large."""
    return [(value_of(dot).mid, dot.top1) for dot in drawn if family(dot.operator) == OURS]


def _name(
    ax: Axes,
    drawn: Sequence[ModelDot],
    value_of: Callable[[ModelDot], Interval],
    beside: Sequence[tuple[float, float]] = (),
) -> None:
    names = []
    for dot in drawn:
        x = value_of(dot)
        names.append(Name(shown(dot.operator), x.mid, dot.top1, x.low, x.high, strong=family(dot.operator) == OURS))
    write_names(ax, names, [*_path(drawn, value_of), *reversed(beside)])


def _handles(drawn: Sequence[ModelDot]) -> list[Line2D]:
    families = dict.fromkeys(family(dot.operator) for dot in drawn)
    styles = {name: style_of(name) for name in families}
    return [
        Line2D([], [], color=style.colour, marker=style.marker, ms=6, ls="-" if name == OURS else "", label=name)
        for name, style in styles.items()
    ]


def _shared_handles(shared: Sequence[ModelDot]) -> list[Line2D]:
    style = style_of(OURS)
    hollow = Line2D(
        [], [], color=style.colour, marker=style.marker, mfc="white", ms=6, ls=":", label="served as others"
    )
    return [hollow] if shared else []


def _caption(bench: Bench, drawn: Sequence[ModelDot], shared: Sequence[ModelDot]) -> str:
    not_drawn = [shown(operator) for operator in bench.models if operator not in {dot.operator for dot in drawn}]
    return (
        "Accuracies are reported by the paper and were not reproduced. Latency: median and 95 % interval on "
        f"{bench.device_name}, {bench.label}, batch 1; both x axes are logarithmic. Each model is in the quickest "
        f"runtime that it was measured in: {_runtimes(drawn)}."
        + (f" Hollow: the quickest that other models have too, {_runtimes(shared)}." if shared else "")
        + (f" Not drawn, without a latency or a reported accuracy: {', '.join(not_drawn)}." if not_drawn else "")
    )


def _runtimes(drawn: Sequence[ModelDot]) -> str:
    """Which model is in which; the runtime of most of them has `all others`."""
    runtimes = grouped(drawn, lambda dot: dot.runtime)
    *other_runtimes, (most, _) = sorted(runtimes.items(), key=lambda entry: len(entry[1]))
    phrases = [f"{runtime} for {', '.join(shown(dot.operator) for dot in group)}" for runtime, group in other_runtimes]
    return "; ".join([*phrases, f"{most} for all{' others' if other_runtimes else ''}"])


REPORT = Report(
    about="the paper's Figure 1: reported accuracy against measured latency and against MACs",
    order=0,
    render=render,
)
