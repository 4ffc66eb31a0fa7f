"""Compare figures with their targets."""

from dataclasses import dataclass, field

from benchmarks.race import Figure, Rounds


@dataclass(frozen=True)
class Target:
    workload: str
    limit: str
    measured: str
    is_met: bool

    @property
    def verdict(self) -> str:
        return "met" if self.is_met else "**MISSED**"


@dataclass
class Results:
    rounds: dict[str, Rounds] = field(default_factory=dict)  # by workload and candidate
    figures: dict[str, Figure] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)

    def expect(
        self, workload: str, figure: Figure, at_most: float, unit: str, digits: int = 2
    ) -> None:
        """Record a figure and compare its median with a limit."""
        self.figures[workload] = figure
        is_met = figure.median <= at_most
        limit = f"at most {at_most:g}{unit}"
        self.targets.append(Target(workload, limit, figure.shown(unit, digits), is_met))
