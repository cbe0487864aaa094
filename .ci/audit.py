"""pip-audit over a lock file, where its source can be reached: what could not be asked about is said, not failed."""

import json
import subprocess
import sys

PIP_AUDIT = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]


def main(lock: str) -> int:
    audit = subprocess.run([*PIP_AUDIT, "--requirement", lock], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        reason = (audit.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"pip-audit: not asked, its source cannot be reached from here ({reason}).")
        return 0
    asked = [package for package in packages if "vulns" in package]
    found = [package for package in asked if package["vulns"]]
    for package in found:
        ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"pip-audit: {package['name']} {package['version']}: {ids}")
    print(f"pip-audit: {len(found)} vulnerable packages; {len(asked)} of {len(packages)} could be asked about.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
