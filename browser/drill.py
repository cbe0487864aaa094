"""Registers taken while everything goes wrong, on a device without a network half of the time: nothing tapped is lost.

    python -m browser.drill --runs 200

Ends with status 1 where a mark was lost, and names the seed of that run. The last line sums up.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

from tqdm import tqdm

from drills import stores


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m browser.drill", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next has the next")
    options = parser.parse_args(argv)
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"VAR_DIR": str(folder / "var"), "MONGODB_URL": nodes.url, "LOG_LEVEL": "ERROR"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
        import django

        django.setup()
        from browser import product, tab, wandering

        here = stack.enter_context(product.running(folder))
        browser = stack.enter_context(tab.chromium())
        steps: Counter[str] = Counter()
        taps = failures = 0
        for seed in tqdm(range(options.seed, options.seed + options.runs), unit="run"):
            run = wandering.wander(here, browser, seed)
            steps.update(run.said)
            taps += len(run.taps)
            if lost := run.lost():
                failures += 1
                tqdm.write(f"seed {seed}, {' '.join(run.said)}:")
                for each in lost:
                    tqdm.write(f"  {each}")
            run.device.close()
    print(" ".join(f"{name}={count}" for name, count in sorted(steps.items())))
    print(f"runs={options.runs} marks={taps} runs_with_losses={failures}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
