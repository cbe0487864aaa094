"""pip-audit over a lock file. Where advisories can be reached, every package is asked about or the check fails. Where
they cannot, nothing was audited, and that is said."""

import json
import subprocess
import sys
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

OPTIONS = ("--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off")
SECONDS = 15


class Source(NamedTuple):
    """Where advisories are: how pip-audit calls it, and how to see whether it is there. There are some for Django 1.0,
    in `field` of the answer. An answer without any, such as a proxy gives, comes from somewhere else."""

    name: str
    options: tuple[str, ...]
    url: str
    body: bytes | None
    field: str

    def missing(self) -> str:
        """Why it cannot be asked; empty where it can."""
        try:
            with urlopen(Request(self.url, self.body, {"Content-Type": "application/json"}), timeout=SECONDS) as answer:
                known = json.load(answer).get(self.field)
        except (OSError, ValueError, AttributeError) as error:
            return f"{self.url}: {error}"
        return "" if known else f"{self.url} knows nothing of Django 1.0"


def osv(url: str) -> Source:
    body = json.dumps({"package": {"name": "django", "ecosystem": "PyPI"}, "version": "1.0"}).encode()
    return Source("osv", ("--osv-url", url), url, body, "vulns")


PYPI = Source("pypi", (), "https://pypi.org/pypi/django/1.0/json", None, "vulnerabilities")


def main(lock: str, osv_url: str = "") -> int:
    sources = [osv(osv_url)] if osv_url else [osv("https://api.osv.dev/v1/query"), PYPI]
    reasons = []
    for source in sources:
        if reason := source.missing():
            reasons.append(reason)
        else:
            return audited(lock, source)
    print(f"pip-audit: NOT AUDITED. No advisories can be reached from here ({'; '.join(reasons)}).")
    return 0


def audited(lock: str, source: Source) -> int:
    command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--timeout", str(SECONDS)]
    command += ["--vulnerability-service", source.name, *source.options, "--requirement", lock]
    audit = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(audit.stdout)["dependencies"]
    except ValueError:
        return failed((audit.stderr.strip().splitlines() or ["it said nothing"])[-1])
    if left_out := [package["name"] for package in packages if "vulns" not in package]:
        return failed(f"nothing is known of {', '.join(left_out)}")
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
