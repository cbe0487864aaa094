"""Takes registers while everything goes wrong, on a device without a network half of the time: no tap may be lost.

    python -m browser.drill --runs 200

Exits with 1 if a mark was lost, and prints the seed of that run. The last line is a summary. Each run has its own
server, browser and process; a run that hangs is ended and counts neither way.
"""

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from dev.processes import spawn, stop
from drills import stores

LONGEST = 150  # seconds that a run may take
HUNG = "hung"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m browser.drill", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each further run adds one")
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)  # the folder of the drill that started this run
    options = parser.parse_args(argv)
    if options.only:
        return one(options.seed, options.only)
    found: Counter[str] = Counter()
    with stores.workplace() as folder, ExitStack() as stack:
        nodes = stack.enter_context(stores.replica_set(folder / "mongo", 1))
        os.environ |= {"MONGODB_URL": nodes.url, "LOG_LEVEL": "ERROR"}
        for seed in tqdm(range(options.seed, options.seed + options.runs), unit="run"):
            found += apart(seed, folder)
    summary = " ".join(f"{name}={found[name]}" for name in ("runs", "marks", HUNG, "runs_with_losses"))
    print(" ".join(f"{name}={found[name]}" for name in sorted(found) if name not in summary))
    print(summary)
    return int(bool(found["runs_with_losses"]))


def apart(seed: int, folder: Path) -> Counter[str]:
    """Does a run in a process of its own and returns its counts."""
    log = folder / "run.log"
    with log.open("wb") as output:
        run = spawn([sys.executable, "-m", "browser.drill", "--seed", str(seed), "--only", str(folder)], output=output)
        try:
            run.wait(LONGEST)
        except subprocess.TimeoutExpired:
            stop(run)
            tqdm.write(f"seed {seed} hung")
            return Counter({HUNG: 1})
    *told, last = log.read_text().splitlines() or [""]
    if run.returncode:
        tqdm.write("\n".join([f"seed {seed}:", *told, last]))
        return Counter(runs=1, runs_with_losses=1)
    return Counter({name: int(count) for name, count in (each.split("=") for each in last.split())})


def one(seed: int, folder: Path) -> int:
    os.environ |= {"VAR_DIR": str(own := folder / f"run-{seed}"), "MONGODB_DATABASE": f"run_{seed}"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "attendance_site.settings"
    (shared := folder / "static").mkdir(exist_ok=True)  # compressed by the first run
    own.mkdir()
    (own / "static").symlink_to(shared)
    import django

    django.setup()
    from browser import product, tab, wandering

    with product.running(folder) as served, tab.chromium() as browser:
        run = wandering.wander(served, browser, seed)
        lost = run.lost()
        print("\n".join([" ".join(run.said), *lost]))
        counted = Counter(run.said) + Counter(runs=1, marks=len(run.taps))
        print(" ".join(f"{name}={count}" for name, count in counted.items()), flush=True)
        served.server.kill()
        os._exit(int(bool(lost)))  # closing a browser with a service worker may never end


if __name__ == "__main__":
    sys.exit(main())
