"""Runs pip-audit on a lock file. If advisories can be reached, every package is checked or the audit fails; if they
cannot, it reports that nothing was audited."""

import json
import subprocess
import sys
from typing import Any
from urllib.request import Request, urlopen

OSV = "https://api.osv.dev/v1/query"
SECONDS = 15
OPTIONS = (
    *("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"),
    *("--vulnerability-service", "osv", "--timeout", str(SECONDS)),
)


def missing(url: str) -> str:
    """Returns why the source of advisories cannot be used, or an empty string. It has advisories for Django 1.0; an
    answer without any comes from something else, such as a proxy."""
    question = {"package": {"name": "django", "ecosystem": "PyPI"}, "version": "1.0"}
    asked = Request(url, json.dumps(question).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(asked, timeout=SECONDS) as answer:
            known = json.load(answer).get("vulns")
    except (OSError, ValueError, AttributeError) as error:
        return f"{url}: {error}"
    return "" if known else f"{url} has no advisories for Django 1.0"


def main(lock: str, url: str = OSV) -> int:
    if reason := missing(url):
        print(f"pip-audit: NOT AUDITED. Advisories cannot be reached from here ({reason}).")
        return 0
    return audited(lock, url)


def audited(lock: str, url: str) -> int:
    command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--osv-url", url, "--requirement", lock]
    audit = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        return failed((audit.stderr.strip().splitlines() or ["it said nothing"])[-1])
    if left_out := [package["name"] for package in packages if "vulns" not in package]:
        return failed(f"no result for {', '.join(left_out)}")
    return report(packages) if packages else failed(f"{lock} names no package")


def failed(reason: str) -> int:
    print(f"pip-audit: FAILED. Advisories can be reached, but not every package was audited: {reason}")
    return 1


def report(packages: list[dict[str, Any]]) -> int:
    found = [package for package in packages if package["vulns"]]
    for package in found:
        ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"pip-audit: {package['name']} {package['version']}: {ids}")
    print(f"pip-audit: {len(packages)} packages were audited, {len(found)} of them are vulnerable.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
