"""`make bench`: everything, against its reference; status 1 when a target is missed.

Named themes are measured alone, and then printed only: `python -m benchmarks launches`.
"""

import sys
import time

from benchmarks import crowds, footprint, launches, report, sends
from benchmarks.stage import stage
from benchmarks.targets import Results

THEMES = {"sends": sends, "footprint": footprint, "launches": launches, "crowds": crowds}


def main(chosen: list[str]) -> int:
    results = Results()
    with stage() as built:
        for name in chosen or THEMES:
            started = time.perf_counter()
            THEMES[name].measure(built, results)
            print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    print(report.tables(results))
    if not chosen:
        report.write(results)
    return 0 if all(target.is_met for target in results.targets) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
