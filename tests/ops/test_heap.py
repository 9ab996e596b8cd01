"""A hundred threads share two of glibc's heaps, which the C library itself counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_THREADS = """
import ctypes, sys, threading
from bot.runtime.heap import limit_arenas
if sys.argv[1] == "limited":
    limit_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(12)
def allocate():
    together.wait()
    libc.malloc(ctypes.c_size_t(2000))
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(12)]
for each in threads: each.start()
for each in threads: each.join()
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w")))
libc.fflush(None)
"""


pytestmark = pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="The heaps are those of glibc."
)


def _heaps(how: str, folder: Path, **variables: str) -> int:
    """How many a process with twelve threads has: one `<heap nr=…>` each in what malloc_info(3) writes."""
    file = folder / how
    clean = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    subprocess.run([sys.executable, "-c", _THREADS, how, file], check=True, env={**clean, **variables})
    return file.read_text().count("<heap nr=")


def test_threads_share_two_heaps(tmp_path: Path) -> None:
    assert _heaps("unlimited", tmp_path) > 2
    assert _heaps("limited", tmp_path) <= 2


def test_who_has_set_a_limit_keeps_it(tmp_path: Path) -> None:
    assert 2 < _heaps("limited", tmp_path, MALLOC_ARENA_MAX="5") <= 5
