"""`make bench`: run every benchmark against its reference; status 1 if a target is missed.

`python -m benchmarks launches` runs the named ones only, and prints without writing files.
"""

import sys
import time

from benchmarks import footprint, launches, overload, report, sends
from benchmarks.environment import environment
from benchmarks.targets import Results

THEMES = {"sends": sends, "footprint": footprint, "launches": launches, "overload": overload}


def main(chosen: list[str]) -> int:
    results = Results()
    with environment() as built:
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
