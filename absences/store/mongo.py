"""The only MongoClient: made on first use, one for each process, since PyMongo is not fork-safe.

Every handle comes from here, so that every write is acknowledged by a majority. Only this package uses them.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from django.conf import settings
from django.utils.translation import gettext as _
from pymongo import MongoClient, common
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from absences.store.documents import Orphan, RevocationEntry, Sheet
from lessons.errors import StoreUnavailable

Query = dict[str, Any]  # a filter, an update or a stage, in MongoDB's own language

MAJORITY = WriteConcern(w="majority", j=True)

# Seconds. A request that somebody waits for fails within a second (the setting MONGODB_TIMEOUT); statistics, set-up and
# repair may take longer.
PATIENT = 30.0

# While no server answers, the driver looks again in steps of this many seconds; its own half second would turn a
# deadline of 0.8 s into one of 1.0 s or more. A private name: `tests/test_mongo.py` fails when it loses its effect.
common.MIN_HEARTBEAT_INTERVAL = 0.05

_lock = threading.Lock()
_client: MongoClient[Any] | None = None
_of_parents: list[MongoClient[Any] | None] = []


def client() -> MongoClient[Any]:
    """Returns this process's client. It connects in the background; the first operation waits for it."""
    global _client
    with _lock:  # otherwise threads that ask first at the same time would make one each
        if _client is None:
            _client = _make()
        return _client


def close() -> None:
    """Closes this process's client, so that the next use makes a new one."""
    global _client
    with _lock:
        if _client is not None:
            _client.close()
        _client = None


def _forget() -> None:
    """Drops the parent's client and lock in a child that was just forked. The client is kept alive: collecting it would
    close the parent's connections."""
    global _client, _lock
    _of_parents.append(_client)
    _client, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def _make() -> MongoClient[Any]:
    return MongoClient(
        settings.MONGODB_URL,
        tz_aware=True,
        uuidRepresentation="standard",
        # An acknowledged report survives the loss of any server, and of its power.
        w="majority",
        journal=True,
        # What is read cannot be rolled back later.
        readConcernLevel="majority",
        # One more try by the driver bridges an election; the operation counts once.
        retryWrites=True,
        retryReads=True,
        # Nobody waits longer than a second to hear that the store is away.
        timeoutMS=int(settings.MONGODB_TIMEOUT * 1000),
        serverSelectionTimeoutMS=400,
        connectTimeoutMS=400,
        waitQueueTimeoutMS=400,
        # One for each thread of a process that may wait for the store.
        maxPoolSize=settings.MONGODB_CONNECTIONS,
    )


def database() -> Database[Any]:
    return client().get_database(
        settings.MONGODB_DATABASE,
        codec_options=CodecOptions(tz_aware=True, uuid_representation=4),
        write_concern=MAJORITY,
        read_concern=ReadConcern("majority"),
    )


def sheets() -> Collection[Sheet]:
    return database()["sheets"]


def orphans() -> Collection[Orphan]:
    return database()["orphans"]


def revocations() -> Collection[RevocationEntry]:
    return database()["denied"]


@contextmanager
def answering(within: float | None = None) -> Iterator[None]:
    """Limits all operations inside to `within` seconds together, or to MONGODB_TIMEOUT.

    However long the work may take, a store that is away is noticed at once. Raises StoreUnavailable for every error of
    the store: the outcome of a write is then unknown, and repeating it is safe.
    """
    prompt = settings.MONGODB_TIMEOUT
    if within is not None and within > prompt:
        ping()
    try:
        with pymongo.timeout(prompt if within is None else within):
            yield
    except PyMongoError as error:
        raise StoreUnavailable(_("The absence store cannot be reached just now. Please try again.")) from error


def ping() -> None:
    """Raises StoreUnavailable if MongoDB does not answer."""
    with answering():
        client().admin.command("ping")
