"""Run candidates in turn, round after round, so that disturbances hit all of them."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import load, process_cost
from tests.served import Instance

ROUNDS = 5


@dataclass(frozen=True)
class Round:
    cpu_ms: float  # of the answering process, per request
    per_second: float
    seconds: tuple[float, ...]  # of each response

    @property
    def median_ms(self) -> float:
        return statistics.median(self.seconds) * 1000

    @property
    def p99_ms(self) -> float:
        return p99(self.seconds) * 1000


@dataclass(frozen=True)
class Figure:
    """One number per round, or per comparison of two candidates in a round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def shown(self, unit: str = "", digits: int = 2) -> str:
        low, *_, high = sorted((*self.values, *self.values))
        spread = f" ({low:.{digits}f}–{high:.{digits}f})" if low < high else ""
        return f"{self.median:.{digits}f}{unit}{spread}"


Rounds = dict[str, list[Round]]


def race(candidates: Mapping[str, Callable[[], Round]], rounds: int = ROUNDS) -> Rounds:
    """Run the candidates in turn. One extra round warms up and is dropped."""
    run: Rounds = {name: [] for name in candidates}
    for _ in range(rounds + 1):
        for name, scenario in candidates.items():
            run[name].append(scenario())
    return {name: counted for name, (_, *counted) in run.items()}


def asking(
    instance: Instance,
    requests: Callable[[], Sequence[bytes]],
    status: int = 200,
    at_once: int = 16,
) -> Callable[[], Round]:
    """Make a candidate of requests to a server; `requests` builds each round's."""

    def scenario() -> Round:
        asked = requests()
        used, started = instance_cpu(instance), time.perf_counter()
        answers = load.ask_all(instance.port, asked, at_once)
        took = time.perf_counter() - started
        used = instance_cpu(instance) - used
        statuses = Counter(answer.status for answer in answers)
        if statuses.keys() != {status}:
            raise RuntimeError(f"not all were answered with {status}: {dict(statuses)}")
        return summed_up([answer.seconds for answer in answers], used, took)

    return scenario


def instance_cpu(instance: Instance) -> float:
    return process_cost.cpu_seconds(instance.workers())


def summed_up(seconds: Sequence[float], cpu: float, took: float) -> Round:
    return Round(cpu * 1000 / len(seconds), len(seconds) / took, tuple(seconds))


def compared(rounds: Rounds, one: str, other: str, what: str = "cpu_ms") -> Figure:
    pairs = zip(rounds[one], rounds[other], strict=True)
    return Figure(tuple(getattr(a, what) / getattr(b, what) for a, b in pairs))


def p99(values: Sequence[float]) -> float:
    return sorted(values)[-(-len(values) * 99 // 100) - 1]
