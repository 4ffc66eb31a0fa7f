"""What is asked of each figure, and whether it is so."""

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
    rounds: dict[str, Rounds] = field(default_factory=dict)  # by workload, then by contestant
    figures: dict[str, Figure] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)

    def expect(
        self, workload: str, figure: Figure, at_most: float, unit: str, digits: int = 2
    ) -> None:
        """Hold a figure's median to a limit, and keep the figure."""
        self.figures[workload] = figure
        is_met = figure.median <= at_most
        limit = f"at most {at_most:g}{unit}"
        self.targets.append(Target(workload, limit, figure.shown(unit, digits), is_met))
