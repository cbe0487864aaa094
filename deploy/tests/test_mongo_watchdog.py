"""The watchdog beside a real mongod: it kills one that served and then hangs, and no other."""

import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from deploy.mongo_watchdog import QUESTIONS, Watchdog, from_file
from dev import mongod as development
from dev.processes import LOOPBACK, stop, until

pytestmark = pytest.mark.wall_clock

LIMIT = 0.4


class Watched:
    """A mongod and its address."""

    def __init__(self, folder: Path) -> None:
        self.port, self.data, self.log = development._port(folder), folder / "data", folder / "log"
        self.data.mkdir()
        self.process = development._start(development.binary(), self.port, self.data, self.log)

    def serve(self) -> None:
        development._lead(self.process, self.port, self.log, lambda line: None)

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    def hang(self) -> None:
        """Stops the process, and returns once it has stopped: on a busy machine it might answer once more."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    @contextmanager
    def hung(self) -> Iterator[None]:
        self.hang()
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def watchdog(self, dry_run: bool = False) -> Watchdog:
        url = f"mongodb://{LOOPBACK}:{self.port}/"
        return Watchdog(url, from_file(self.data / "mongod.lock"), LIMIT, dry_run)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Yields a mongod for all tests; the last one kills it."""
    mongod = Watched(tmp_path_factory.mktemp("watched"))
    mongod.serve()
    yield mongod
    stop(mongod.process)


def looks(watchdog: Watchdog, times: int = QUESTIONS + 2) -> bool:
    """Returns whether one of so many attempts killed it."""
    return any(watchdog.look() for _ in range(times))


def is_known(watchdog: Watchdog) -> bool:
    """Returns whether its mongod has answered, which can take a moment on a busy machine."""
    return until(lambda: not watchdog.look() and watchdog.watched is not None and watchdog.unanswered == 0, 10)


def test_one_that_answers_lives(serving: Watched) -> None:
    with closing(serving.watchdog()) as watchdog:
        assert not looks(watchdog)
        assert watchdog.watched and watchdog.watched.pid == serving.process.pid
    assert serving.lives


def test_one_that_never_served_lives(tmp_path: Path) -> None:
    """It answers but is not part of a set, like one that is starting, recovering or copying data."""
    mongod = Watched(tmp_path)
    try:
        assert until(lambda: development._answers(mongod.port), 30)
        with closing(mongod.watchdog()) as watchdog:
            assert not watchdog.look()
            with mongod.hung():
                assert not looks(watchdog)
        assert mongod.lives
    finally:
        mongod.process.kill()
        mongod.process.wait()


def test_one_that_hung_before_its_first_answer_lives(serving: Watched) -> None:
    with closing(serving.watchdog()) as watchdog, serving.hung():
        assert not looks(watchdog)
    assert serving.lives


def test_a_short_silence_is_forgiven(serving: Watched) -> None:
    with closing(serving.watchdog()) as watchdog:
        assert is_known(watchdog)
        with serving.hung():
            assert not looks(watchdog, QUESTIONS - 1)
        assert until(lambda: not watchdog.look() and watchdog.unanswered == 0, 5)
    assert serving.lives


def test_another_process_of_that_number_lives(serving: Watched) -> None:
    """Whatever id the file holds by then."""
    lock = serving.data / "mongod.lock"
    kept = lock.read_text()
    with subprocess.Popen(["sleep", "60"]) as other, closing(serving.watchdog()) as watchdog:
        assert is_known(watchdog)
        try:
            lock.write_text(f"{other.pid}\n")
            with serving.hung():
                assert not looks(watchdog)
            assert other.poll() is None
        finally:
            other.kill()
            lock.write_text(kept)
    assert serving.lives


def test_a_dry_run_only_says_so(serving: Watched, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), closing(serving.watchdog(dry_run=True)) as watchdog:
        assert is_known(watchdog)
        with serving.hung():
            assert until(watchdog.look, 10)
    pid = serving.process.pid
    assert caplog.messages == [f"The mongod with process id {pid} did not answer for 0.4 s and would be killed."]
    assert serving.lives


def test_one_that_served_and_hangs_is_killed(serving: Watched, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), closing(serving.watchdog()) as watchdog:
        assert is_known(watchdog)
        serving.hang()
        assert until(watchdog.look, 10)
    assert serving.process.wait(5) == -signal.SIGKILL
    assert len(caplog.messages) == 1
