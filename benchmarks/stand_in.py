"""Cheap stand-in for BigCommerce: answers from a table, after a delay.

A process of its own, so that its CPU time is not counted. `/delay` sets the delay in seconds;
`/opened` returns the number of connections since the last call.
"""

import asyncio
import json
import re
import sys
from urllib.parse import parse_qs

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BigCommerce(asyncio.Protocol):
    delay = 0.0
    opened = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
        self._transport = transport
        self._received = b""
        BigCommerce.opened += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or (length and len(body) < int(length[1])):
            return
        self._received = b""
        method, path, _ = head.split(b" ", 2)
        answer = _http(*_answer(method.decode(), path.decode(), body))
        if BigCommerce.delay and not path.startswith(b"/-/"):
            asyncio.get_running_loop().call_later(BigCommerce.delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _answer(method: str, path: str, body: bytes) -> tuple[int, object]:
    if path.startswith("/-/delay/"):
        BigCommerce.delay = float(path.removeprefix("/-/delay/"))
        return 200, None
    if path == "/-/opened":
        opened, BigCommerce.opened = BigCommerce.opened, 0
        return 200, opened
    if path == "/oauth2/token":
        return 200, _grant(parse_qs(body.decode()))
    if path.endswith("/v2/store"):
        return 200, {"name": "Shop", "timezone": {"name": "UTC"}, "country_code": "US"}
    return (200, []) if method == "GET" else (204, None)


def _grant(asked: dict[str, list[str]]) -> object:
    """Return a token for the requested store; the code is the user's number."""
    number = int(asked["code"][0])
    user = {"id": number, "email": f"owner{number}@store.example"}
    scope, context = asked["scope"][0], asked["context"][0]
    return {
        "access_token": f"token{number}",
        "scope": scope,
        "user": user,
        "owner": user,
        "context": context,
    }


def _http(status: int, content: object) -> bytes:
    body = b"" if content is None else json.dumps(content).encode()
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
    if status != 204:
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(BigCommerce, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
