"""TLS in front of a plain server, as a proxy puts it there in production."""

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

T = TypeVar("T")


@dataclass
class Front:
    """A port whose TLS ends here, and all that went through it, in plain."""

    port: int = 0
    asked: bytearray = field(default_factory=bytearray)
    answered: bytearray = field(default_factory=bytearray)


def certificate(folder: Path) -> ssl.SSLContext:
    """Signed by itself, good for a day: the browser is told not to mind."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "journeys")])
    names = [x509.DNSName("*.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def in_front_of(plain_port: int, tls: ssl.SSLContext) -> Iterator[Front]:
    """Serve what listens on a port of this machine over TLS, on a port of its own."""
    front = Front()
    loop = asyncio.new_event_loop()
    meetings: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        meetings.add(task)
        with suppress(OSError, asyncio.CancelledError):
            inside, to_inside = await asyncio.open_connection("127.0.0.1", plain_port)
            await asyncio.gather(
                _pass_on(reader, to_inside, front.asked), _pass_on(inside, writer, front.answered)
            )
        meetings.discard(task)

    async def stop() -> None:
        server.close()
        for task in tuple(meetings):
            task.cancel()
        await asyncio.gather(*meetings, return_exceptions=True)

    # In a thread of its own: Playwright keeps a loop running in ours.
    thread = threading.Thread(target=loop.run_forever, name="tls")
    thread.start()
    server = _wait(loop, asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls))
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        _wait(loop, stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _wait(loop: asyncio.AbstractEventLoop, doing: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(doing, loop).result(timeout=10)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, copy: bytearray
) -> None:
    try:
        while chunk := await reader.read(65536):
            copy += chunk
            writer.write(chunk)
            await writer.drain()
    finally:
        writer.close()
