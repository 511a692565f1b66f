"""The socket `/ws`. Who may open it is decided before (`studio.api.gate`).

Each connection has one task that reads and one that writes; the endpoint owns both and alone closes.
"""

import asyncio
from itertools import count

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from studio.api.answers import problem
from studio.api.session import Session
from studio.api.state import address, owner, presented_key, services
from studio.errors import Report
from studio.protocol import SUBPROTOCOL

router = APIRouter()

BURST = 8
"""Messages for one client after which everyone else has a turn: half a millisecond of frames."""

_names = count(1)


@router.websocket("/ws")
async def socket(connection: WebSocket) -> None:
    """One client, from its handshake to its end."""
    shared = services(connection)
    offered = connection.scope.get("subprotocols", [])
    if offered and SUBPROTOCOL not in offered:
        detail = f"subprotocol: expected {SUBPROTOCOL}, got {', '.join(offered)}"
        await connection.send_denial_response(problem(Report("bad_message", 400, detail)))
        return
    await connection.accept(subprotocol=SUBPROTOCOL if offered else None)
    key = presented_key(connection.headers)
    late = shared.keys.required and key is None  # it comes with `hello`
    name = f"socket {next(_names)}"
    session = Session(shared, name, None if late else owner(connection), address(connection), key)
    with shared.door.guest(session):
        await _serve(connection, session)


async def _serve(connection: WebSocket, session: Session) -> None:
    """Read and write until either ends."""
    reader = asyncio.create_task(_read(connection, session), name=f"{session.name} reader")
    writer = asyncio.create_task(_write(connection, session), name=f"{session.name} writer")
    try:
        await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.close()
        for task in (reader, writer):
            task.cancel()
        ends = await asyncio.gather(reader, writer, return_exceptions=True)
    unforeseen = [end for end in ends if isinstance(end, Exception) and not _is_disconnect(end)]
    if unforeseen:
        raise unforeseen[0]


async def _read(connection: WebSocket, session: Session) -> None:
    while True:
        message = await connection.receive()
        if message["type"] == "websocket.disconnect":
            return
        text: str | None = message.get("text")
        await session.receive(text)


async def _write(connection: WebSocket, session: Session) -> None:
    for sent in count(1):
        if sent % BURST == 0:
            await asyncio.sleep(0)  # neither `next` nor `send` waits while there is more and the socket takes it
        data = await session.next()
        if isinstance(data, bytes):
            await connection.send_bytes(data)
        else:
            await connection.send_text(data)


def _is_disconnect(error: Exception) -> bool:
    return isinstance(error, WebSocketDisconnect | OSError)
