"""The process that engines are forked from: it has imported what they need, so that a new one is there at once.

Importing PyTorch takes seconds, more than ten on a busy machine; loading the weights takes a tenth of one. This process
imports and never evaluates anything, has one thread, and holds no device, so that forking it is safe. For each engine
it is sent two descriptors (socket and black box); it tells of the engine's birth and death, and when its own parent
is gone it ends, and the engine with it.
"""

import array
import gc
import json
import logging
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress

from studio.engine import process
from studio.engine.blackbox import BlackBox

NEWS = struct.Struct("<cii")  # BORN or DIED, pid, exit code
BORN, DIED = b"B", b"D"

# Run with `python -c`: it takes the parent's import path and nothing else of its main script.
BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
BOOT += "from studio.engine import nursery; nursery.main(int(sys.argv[1]), sys.argv[2])"


def command(fd: int, factory: str) -> list[str]:
    """The command line of a nursery that listens on `fd` and imports `factory` (``module:function``)."""
    return [sys.executable, "-c", BOOT, str(fd), factory, json.dumps(sys.path)]


def main(fd: int, factory: str) -> None:
    """Import, then fork an engine whenever asked, one at a time, until the parent closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the web process's to handle
    logging.basicConfig(format="engine %(levelname)s %(message)s", stream=sys.stderr)
    parent = socket.socket(fileno=fd)
    with suppress(Exception):  # the engine meets the same error, and reports it
        process.resolve(factory)
    gc.collect()
    gc.freeze()  # what is imported by now is shared by parent and children, and stays so
    while (fds := _asked(parent)) is not None:
        ended, alive = os.pipe()  # the child holds `alive`: when it dies, `ended` does
        pid = os.fork()
        if pid == 0:
            parent.close()
            os.close(ended)
            _live(*fds)
        for taken in (alive, *fds):
            os.close(taken)
        _tell(parent, BORN, pid)
        code = _watch(parent, ended, pid)
        os.close(ended)
        if code is None:
            return
        _tell(parent, DIED, pid, code)


def _asked(parent: socket.socket) -> tuple[int, int] | None:
    """The descriptors of the next engine; None when the parent is gone."""
    fds = array.array("i")
    try:
        message, ancillary, _, _ = parent.recvmsg(1, socket.CMSG_SPACE(2 * fds.itemsize))
    except ConnectionError:
        return None
    for _, _, data in ancillary:
        fds.frombytes(data)
    return (fds[0], fds[1]) if message else None


def _tell(parent: socket.socket, kind: bytes, pid: int, code: int = 0) -> None:
    with suppress(ConnectionError):  # whether the parent is there still is asked next
        parent.sendall(NEWS.pack(kind, pid, code))


def _watch(parent: socket.socket, ended: int, pid: int) -> int | None:
    """The exit code of the child; None when the parent was gone before, and the child had to end as well."""
    poll = select.poll()
    poll.register(ended, 0)
    poll.register(parent, 0)  # only its end: the parent asks for nothing while an engine lives
    if not any(fd == ended for fd, _ in poll.poll()):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _live(sock: int, box: int) -> None:
    """The engine's life. It never returns to what was forked."""
    code = 1
    try:
        process.main(socket.socket(fileno=sock), BlackBox(box))
        code = 0
    except BaseException:
        logging.exception("the engine failed")
    finally:
        logging.shutdown()
        os._exit(code)
