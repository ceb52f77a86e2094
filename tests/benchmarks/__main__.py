"""`python -m tests.benchmarks [NAME …]`: run those named, or all but those that take far longer: `LONG`."""

import importlib
import sys

# By the modules that hold them: a bare machine with a GPU has not what most of them import.
BENCHMARKS = (
    "curate",
    "embed",
    "first-look",
    "readers",
    "methods",
    "methods-million",
    "refine",
    "daar",
    "evidence",
    "ablation",
    "decontaminate",
    "naming",
    "layout",
    "workbench",
    "curators",
    "gpu",
    "gpu-carry",
    "on-paper",
    "ray",
)
MODULES = {"ray": "on_ray"}  # of those that are not called as their benchmark is
WITHOUT_POOL = ("gpu", "gpu-carry", "on-paper")
LONG = ("ablation", "curators", "layout", "methods-million", "ray", "workbench", *WITHOUT_POOL)


def main(arguments: list[str]) -> int:
    """Run the named benchmarks and return the exit status. What comes behind `--` or begins with it is theirs."""
    first = next((i for i, each in enumerate(arguments) if each.startswith("--")), len(arguments))
    names = arguments[:first]
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    names = names or [name for name in BENCHMARKS if name not in LONG]
    if not set(names) <= set(WITHOUT_POOL):
        from tests.benchmarks.data import POOL, have_pool

        if not have_pool():
            print(
                f"the benchmarks need the shared pool at {POOL}; set WINNOW_SHARED_DATA to its folder", file=sys.stderr
            )
            return 1
    status = 0
    for name in names:
        module = importlib.import_module(f"tests.benchmarks.{MODULES.get(name, name.replace('-', '_'))}")
        status = module.main() or status
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
