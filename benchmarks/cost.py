"""What a server's worker processes use of the machine, as Linux counts it."""

import time
from collections.abc import Iterable
from pathlib import Path


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of all threads, also of those that have ended.

    The clock that clock_getcpuclockid(3) names, exact where /proc/<pid>/stat counts in 10 ms.
    """
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def pss_mib(pid: int) -> float:
    """A process's proportional share: pages that it shares with others count in part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(kib) / 1024
