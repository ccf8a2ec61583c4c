"""`python -m bench`: every benchmark of this folder, one after the other; 1 if a goal was missed."""

import importlib
import pkgutil
import sys

import bench


def main() -> int:
    missed = 0
    for found in sorted(pkgutil.iter_modules(bench.__path__), key=lambda module: module.name):
        if found.name in ("common", "baselines", "quality_baselines", "catalogue", "__main__"):
            continue
        module = importlib.import_module(f"bench.{found.name}")
        print(f"\n== {found.name}: {(module.__doc__ or '').splitlines()[0]}")
        missed |= module.main()
    return missed


if __name__ == "__main__":
    sys.exit(main())
