"""The only MongoClient: made on first use, one per process, since PyMongo is not fork-safe.

Every handle comes from here, so that no write is acknowledged by less than a majority.
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

from lessons.errors import StoreUnavailable

Document = dict[str, Any]

MAJORITY = WriteConcern(w="majority", j=True)

# Seconds. What a person waits for fails before a second is over (the setting MONGODB_TIMEOUT); statistics, set-up and
# repair may take longer.
PATIENT = 30.0

# While no server answers, the driver looks again in steps of this many seconds; its own half second would turn a
# deadline of 0.8 s into one of 1.0 s or more. A private name: `tests/test_mongo.py` fails when it loses its effect.
common.MIN_HEARTBEAT_INTERVAL = 0.05

_lock = threading.Lock()
_client: MongoClient[Document] | None = None
_of_parents: list[MongoClient[Document] | None] = []


def client() -> MongoClient[Document]:
    """This process's client. Connects in the background; the first operation waits for it."""
    global _client
    with _lock:  # or threads that ask first at the same time make one each
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
    """In a child that was just forked: the client and whoever holds the lock are the parent's. The client is kept from
    being collected here, which would close the parent's connections."""
    global _client, _lock
    _of_parents.append(_client)
    _client, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def _make() -> MongoClient[Document]:
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
        # No one waits longer than a second to hear that the store is away.
        timeoutMS=int(settings.MONGODB_TIMEOUT * 1000),
        serverSelectionTimeoutMS=400,
        connectTimeoutMS=400,
        waitQueueTimeoutMS=400,
        # One for each thread of a process that may wait for the store.
        maxPoolSize=settings.MONGODB_CONNECTIONS,
    )


def database() -> Database[Document]:
    return client().get_database(
        settings.MONGODB_DATABASE,
        codec_options=CodecOptions(tz_aware=True, uuid_representation=4),
        write_concern=MAJORITY,
        read_concern=ReadConcern("majority"),
    )


def sheets() -> Collection[Document]:
    return database()["sheets"]


def orphans() -> Collection[Document]:
    """Sheets that were moved aside because their school has no such lesson."""
    return database()["orphans"]


def denied() -> Collection[Document]:
    """Whose tokens are no longer good: by user."""
    return database()["denied"]


@contextmanager
def answering(within: float | None = None) -> Iterator[None]:
    """Bounds all operations inside to so many seconds together, or to MONGODB_TIMEOUT.

    However patient with the work, a store that is away is noticed promptly. Raises StoreUnavailable for whatever goes
    wrong with the store: the outcome of a write is then unknown, and repeating it is safe.
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
    """Raises StoreUnavailable."""
    with answering():
        client().admin.command("ping")
