"""`python -m tests.benchmarks [NAME …]`: run those named, or all but those that take far longer: `LONG`."""

import sys

from tests.benchmarks import (
    ablation,
    curate,
    curators,
    daar,
    decontaminate,
    embed,
    evidence,
    layout,
    methods,
    methods_million,
    naming,
    on_ray,
    readers,
    refine,
    workbench,
)
from tests.benchmarks.data import POOL, have_pool

BENCHMARKS = {
    "curate": curate.main,
    "embed": embed.main,
    "readers": readers.main,
    "methods": methods.main,
    "methods-million": methods_million.main,
    "refine": refine.main,
    "daar": daar.main,
    "evidence": evidence.main,
    "ablation": ablation.main,
    "decontaminate": decontaminate.main,
    "naming": naming.main,
    "layout": layout.main,
    "workbench": workbench.main,
    "curators": curators.main,
    "ray": on_ray.main,
}
LONG = ("ablation", "curators", "layout", "methods-million", "ray", "workbench")


def main(names: list[str]) -> int:
    """Run the named benchmarks and return the exit status."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    if not have_pool():
        print(f"the benchmarks need the shared pool at {POOL}; set WINNOW_SHARED_DATA to its folder", file=sys.stderr)
        return 1
    for name in names or [name for name in BENCHMARKS if name not in LONG]:
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
