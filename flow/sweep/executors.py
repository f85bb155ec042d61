"""Where points are measured: processes on this machine, or the workers of a Dask scheduler."""

import multiprocessing
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from flow.sweep.guard import TOKEN
from gen.tools import ToolMissing

CONNECT_S = 5

_ADDRESS = re.compile(r"((tcp|tls)://)?[^/\s]+:\d{1,5}")


@contextmanager
def local_processes(workers: int) -> Iterator[Executor]:
    """A pool of ``workers`` processes. However this process ends, they end with all that they started."""
    with _guarded():
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _ignore_interrupts)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _guarded() -> Iterator[None]:
    """Hand every process started inside a token and a folder for temporary files, and clean up after them."""
    token = secrets.token_hex(16)
    before = {name: os.environ.get(name) for name in (TOKEN, "TMPDIR")}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "flow.sweep.guard", token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # survives what kills this process's group
    ) as guard:
        folder = guard.stdout.readline().strip() if guard.stdout else ""
        if not folder:
            raise RuntimeError("the process that cleans up after a killed sweep does not start")
        os.environ |= {TOKEN: token, "TMPDIR": folder}
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """The workers of the Dask scheduler at ``address``.

    :raises ValueError: the address is none.
    :raises ToolMissing: `distributed` is not installed.
    :raises RuntimeError: no scheduler answers there, or it has no workers.
    """
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"scheduler must be HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT, not {address!r}")
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ToolMissing("distributed", "sweeps on a Dask cluster", "pip install 'bitline[cluster]'") from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # the last: no certificates are configured
        raise RuntimeError(f"no Dask scheduler answers at {address!r}: {error}") from None
    with client:
        if not client.nthreads():
            raise RuntimeError(f"the Dask scheduler at {address!r} has no workers")
        with client.get_executor(pure=False) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False)
                raise
