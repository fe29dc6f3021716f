#!/usr/bin/env python3
"""Checks a running proxy in front of the demo backend, over HTTP and WebSocket.

    python3 examples/python_client/client.py [http://127.0.0.1:4000]

HTTP needs the standard library only. The WebSocket checks need the package websockets
(Debian: python3-websockets) and are skipped without it.
"""

import asyncio
import hashlib
import http.client
import json
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

try:
    import websockets
except ImportError:
    websockets = None

BASE = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("REVERSEIT_URL", "http://127.0.0.1:4000")
HOST = urlsplit(BASE).hostname
PORT = urlsplit(BASE).port or 80
DEADLINE = 30
# What is checked is the address above, whatever proxy the environment names.
os.environ["no_proxy"] = "*"
LARGE = 8 * 1024 * 1024
# SHA-256 of what /bytes and /chunked send for that length.
LARGE_SHA256 = "e930a62aed49a6c631ad73d69612485c570e18da0ece82b6c6ea0cc27dc6aaa2"

http_checks = []
websocket_checks = []


def http_check(title):
    return lambda function: http_checks.append((title, function))


def websocket_check(title):
    return lambda function: websocket_checks.append((title, function))


def expect_equal(actual, expected):
    # Not `assert`, which python3 -O leaves out.
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


class Client:
    """One connection, closed at the end of a `with` block."""

    def __enter__(self):
        self.connection = http.client.HTTPConnection(HOST, PORT, timeout=DEADLINE)
        return self

    def __exit__(self, *_):
        self.connection.close()

    def open(self, method, target, body=None, headers=None, chunked=False):
        self.connection.request(method, target, body, headers or {}, encode_chunked=chunked)
        return self.connection.getresponse()

    def fetch(self, *args, **kwargs):
        response = self.open(*args, **kwargs)
        return response, response.read()


def fetch(*args, **kwargs):
    with Client() as client:
        return client.fetch(*args, **kwargs)


def exchange_raw(text):
    """Sends bytes as they are, and returns what came until the other side closed."""
    with socket.create_connection((HOST, PORT), timeout=DEADLINE) as connection:
        connection.sendall(text.encode("latin-1"))
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received.decode("latin-1")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def in_pieces(data, size):
    for at in range(0, len(data), size):
        yield data[at : at + size]


@http_check("GET /hello")
def _():
    response, body = fetch("GET", "/hello")
    expect_equal(response.status, 200)
    expect_equal(body, b"Hello from the backend.\n")


@http_check("JSON API: list, create, read, delete")
def _():
    with Client() as client:
        _, body = client.fetch("GET", "/api/items")
        expect_equal(json.loads(body)[0], {"id": 1, "name": "one"})
        headers = {"content-type": "application/json"}
        made, _ = client.fetch("POST", "/api/items", '{"name": "lamp"}', headers)
        expect_equal(made.status, 201)
        location = made.getheader("location")
        _, body = client.fetch("GET", location)
        expect_equal(json.loads(body)["name"], "lamp")
        expect_equal(client.fetch("DELETE", location)[0].status, 204)
        expect_equal(client.fetch("GET", location)[0].status, 404)


@http_check("POST: method, target and body arrive as they were sent")
def _():
    target = "/echo?a=1&a=2&encoded=%2F%c3%a9"
    _, body = fetch("POST", target, "name=lamp&colour=green")
    seen = json.loads(body)
    expect_equal(seen["method"], "POST")
    expect_equal(seen["target"], target)
    expect_equal(seen["body"], "name=lamp&colour=green")


@http_check("header fields: passed on, X-Forwarded-* added, those of the connection removed")
def _():
    headers = {"X-Custom": "kept", "Connection": "x-private", "X-Private": "1", "TE": "gzip"}
    _, body = fetch("GET", "/echo", headers=headers)
    raw = json.loads(body)["rawHeaders"]
    seen = {name.lower(): value for name, value in zip(raw[::2], raw[1::2])}
    expect_equal(raw[raw.index("X-Custom") + 1], "kept")
    expect_equal(seen["x-forwarded-proto"], "http")
    expect_equal(seen["x-forwarded-host"], f"{HOST}:{PORT}")
    expect_equal("x-forwarded-for" in seen, True)
    expect_equal([name for name in ("x-private", "te") if name in seen], [])


@http_check("upload in chunks")
def _():
    data = os.urandom(300_000)
    _, body = fetch(
        "POST", "/upload", in_pieces(data, 7001), {"transfer-encoding": "chunked"}, chunked=True
    )
    expect_equal(json.loads(body), {"length": len(data), "sha256": sha256(data)})


@http_check("upload of 8 MiB with a length")
def _():
    data = os.urandom(LARGE)
    _, body = fetch("PUT", "/upload", data)
    expect_equal(json.loads(body), {"length": LARGE, "sha256": sha256(data)})


@http_check("download in chunks")
def _():
    response, body = fetch("GET", f"/chunked/{LARGE}")
    expect_equal(response.getheader("transfer-encoding"), "chunked")
    expect_equal(sha256(body), LARGE_SHA256)


@http_check("download of 8 MiB with a length")
def _():
    response, body = fetch("GET", f"/bytes/{LARGE}")
    expect_equal(response.getheader("content-length"), str(LARGE))
    expect_equal(sha256(body), LARGE_SHA256)


@http_check("streaming: a response that never ends arrives piece by piece")
def _():
    with Client() as client:
        response = client.open("GET", "/drip?ms=20")
        expect_equal(response.read(3), b"...")


@http_check("server-sent events")
def _():
    response, body = fetch("GET", "/sse?n=3&ms=20")
    expect_equal(response.getheader("content-type"), "text/event-stream")
    expect_equal(body.decode(), "".join(f"id: {i}\ndata: event {i}\n\n" for i in range(3)))


@http_check("HEAD, 204 and 304 have no body, and the connection goes on")
def _():
    with Client() as client:
        response, body = client.fetch("HEAD", "/bytes/1000")
        expect_equal((response.getheader("content-length"), body), ("1000", b""))
        port = client.connection.sock.getsockname()[1]
        for target in ("/status/204", "/status/304"):
            expect_equal(client.fetch("GET", target)[1], b"")
        expect_equal(client.fetch("GET", "/hello")[0].status, 200)
        expect_equal(client.connection.sock.getsockname()[1], port)


@http_check("404 and redirects are passed on")
def _():
    response, body = fetch("GET", "/nothing")
    expect_equal((response.status, body), (404, b"not found\n"))
    response, _ = fetch("GET", "/redirect?to=/hello")
    expect_equal((response.status, response.getheader("location")), (302, "/hello"))


@http_check("100 requests at a time are not mixed up")
def _():
    def one(number):
        seen = json.loads(fetch("POST", f"/echo?{number}", f"body {number}")[1])
        return seen["target"], seen["body"]

    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(one, range(100)))
    expect_equal(answers, [(f"/echo?{i}", f"body {i}") for i in range(100)])


HIDDEN = "GET /hello HTTP/1.1\r\nHost: hidden\r\n\r\n"
REFUSALS = [
    ("a target that is too long", 414, f"GET /{'a' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        "a header line that is too long",
        431,
        f"GET / HTTP/1.1\r\nHost: a\r\nX-Long: {'a' * 9000}\r\n\r\n",
    ),
    (
        "a body that would be too large",
        413,
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 104857601\r\n\r\n",
    ),
    (
        "a length beside chunks",
        400,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"0\r\n\r\n{HIDDEN}",
    ),
    ("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
]


def refused(status, request):
    answer = exchange_raw(request)
    expect_equal(answer.split(" ")[1], str(status))
    expect_equal("\r\nconnection: close\r\n" in answer.lower(), True)
    expect_equal(answer.count("HTTP/1.1 "), 1)


for what, status, request in REFUSALS:
    http_check(f"refused with {status}: {what}")(
        lambda status=status, request=request: refused(status, request)
    )


def open_websocket():
    return websockets.connect(f"ws://{HOST}:{PORT}/ws", max_size=2 * LARGE)


@websocket_check("WebSocket: text, also empty and beyond ASCII")
async def _():
    async with open_websocket() as connection:
        for text in ("hello", "", "grüße, 世界"):
            await connection.send(text)
            expect_equal(await connection.recv(), text)


@websocket_check("WebSocket: binary, from 0 bytes to 1 MiB")
async def _():
    async with open_websocket() as connection:
        for size in (0, 1, 125, 126, 65_536, 1024 * 1024):
            data = os.urandom(size)
            await connection.send(data)
            expect_equal(sha256(await connection.recv()), sha256(data))


@websocket_check("WebSocket: a message in fragments arrives as one")
async def _():
    async with open_websocket() as connection:
        await connection.send(["one ", "two ", "three"])
        expect_equal(await connection.recv(), "one two three")


@websocket_check("WebSocket: 1000 messages in a row keep their order")
async def _():
    async with open_websocket() as connection:
        sent = [f"message {i}" for i in range(1000)]
        for text in sent:
            await connection.send(text)
        expect_equal([await connection.recv() for _ in sent], sent)


@websocket_check("WebSocket: 20 at a time")
async def _():
    async def one(number):
        async with open_websocket() as connection:
            await connection.send(f"from {number}")
            return await connection.recv()

    answers = await asyncio.gather(*(one(i) for i in range(20)))
    expect_equal(answers, [f"from {i}" for i in range(20)])


@websocket_check("WebSocket: a ping is answered")
async def _():
    async with open_websocket() as connection:
        pong = await connection.ping(b"are you there")
        await pong


@websocket_check("WebSocket: close code and reason come back")
async def _():
    async with open_websocket() as connection:
        await connection.close(4001, "done")
        expect_equal((connection.close_code, connection.close_reason), (4001, "done"))


def main():
    print(f"ReverseIt at {BASE}, Python {sys.version.split()[0]}\n", flush=True)
    try:
        socket.create_connection((HOST, PORT), timeout=DEADLINE).close()
    except OSError:
        print(f"Nothing listens on {HOST}:{PORT}. Start it with: npm start")
        return 1

    counts = {"pass": 0, "FAIL": 0, "skip": 0}

    def report(verdict, title, detail=None):
        counts[verdict] += 1
        print(f"{verdict}  {title}" + (f"\n      {detail}" if detail else ""), flush=True)

    def run(title, function):
        try:
            function()
        except Exception as error:
            report("FAIL", title, f"{type(error).__name__}: {error}")
        else:
            report("pass", title)

    for title, function in http_checks:
        run(title, function)
    for title, function in websocket_checks:
        if websockets is None:
            report("skip", title)
        else:
            run(title, lambda: asyncio.run(asyncio.wait_for(function(), DEADLINE)))
    if websockets is None:
        print("\nWithout the package websockets there are no WebSocket checks.")
    skipped = f", {counts['skip']} skipped" if counts["skip"] else ""
    print(f"\n{counts['pass']} passed, {counts['FAIL']} failed{skipped}")
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
