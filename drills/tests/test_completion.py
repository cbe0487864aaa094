"""The short form of `make drill-completion`, on SQLite, and a check that it can fail."""

import subprocess
import sys

import pytest

RUNS = 6


@pytest.mark.longest
@pytest.mark.wall_clock
def test_nothing_is_lost_and_every_missing_mechanism_is_found() -> None:
    command = [sys.executable, "-m", "drills.completion", "--sqlite", "--nodes", "3", "--seed", "7", "--prove"]
    drill = subprocess.run([*command, "--runs", str(RUNS)], capture_output=True, text=True, timeout=600, check=False)
    said = drill.stdout.splitlines()
    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert said[-1].endswith(" lost=0 duplicates=0 disagreements=0 stuck=0")
    assert f"runs={RUNS + 5} " in said[-1]
    missed = [line for line in said if line.startswith("without=")]
    assert [line.split()[0] for line in missed] == [
        f"without={name}" for name in ("fence", "state-filter", "late-cas", "seen", "w1")
    ]
