"""Draw the charts of `docs/performance.md`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from benchmarks.race import Figure, Rounds
from benchmarks.targets import Results

# Reproducible: the same numbers give the same file.
mpl.rcParams.update({"svg.hashsalt": "bcapp", "svg.fonttype": "none", "font.size": 9})
_COLOURS = ("#0b5fff", "#8a94a6")


def draw(results: Results, folder: Path) -> None:
    cpu = {n: r for n, r in results.rounds.items() if n.startswith("load, ")}
    _bars(cpu, "cpu_ms", "CPU ms a request", folder / "load.svg")
    sends = {n: r for n, r in results.rounds.items() if n.startswith("connect, ")}
    _bars(sends, "median_ms", "ms until answered (median)", folder / "connect.svg")
    _line(results.figures["memory of a worker (PSS)"].values, folder / "memory.svg")


def _bars(workloads: Mapping[str, Rounds], what: str, unit: str, file: Path) -> None:
    """Draw one bar per candidate, with a whisker from the lowest to the highest round."""
    rows = [
        (f"{workload}: {name}", Figure(tuple(getattr(each, what) for each in run)), name)
        for workload, rounds in workloads.items()
        for name, run in rounds.items()
    ]
    canvas = Canvas(figsize=(8, 0.6 + 0.25 * len(rows)), layout="constrained")
    axes = canvas.subplots()
    medians = [figure.median for _, figure, _ in rows]
    spread = [
        [median - min(figure.values) for median, (_, figure, _) in zip(medians, rows, strict=True)],
        [max(figure.values) - median for median, (_, figure, _) in zip(medians, rows, strict=True)],
    ]
    colours = [_COLOURS[name.startswith("bare")] for _, _, name in rows]
    axes.barh([label for label, _, _ in rows], medians, xerr=spread, color=colours, ecolor="#333")
    axes.invert_yaxis()
    _finish(canvas, axes, unit, file)


def _line(sizes: Sequence[float], file: Path) -> None:
    canvas = Canvas(figsize=(8, 2.5), layout="constrained")
    axes = canvas.subplots()
    axes.plot(range(1, len(sizes) + 1), sizes, color=_COLOURS[0])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("PSS of a worker, MiB")
    _finish(canvas, axes, "times 5,000 requests", file)


def _finish(canvas: Canvas, axes: Axes, unit: str, file: Path) -> None:
    axes.set_xlabel(unit)
    axes.spines[["top", "right"]].set_visible(False)
    canvas.savefig(file, metadata={"Date": None})
