"""Asks a proxy for tunnels and talks TLS through them, and for pages without one.

usage: tunnels.py PROXY_PORT ADDRESS ORIGIN_PORT CERTIFICATE KEY

Serves TLS at the address with the certificate, reads a JSON list of questions, and prints a JSON list of answers. A question
has `connect` (a host; none for a page without a tunnel), `sni` (none when the handshake names no host), `path`, and `host`,
the host that the request names; or `speak`, a text to send through the tunnel in place of a handshake; or `nested`, a host to
ask for with another CONNECT within the tunnel, and then for the path. An answer is `denied` (the proxy refuses the tunnel), `closed` (the handshake comes to
nothing), `spliced STATUS` or `bumped STATUS`, by whose certificate it was, `nested STATUS` or `plain STATUS`.
"""
import json
import socket
import ssl
import sys
import threading

PROXY = ("127.0.0.1", int(sys.argv[1]))
PORT = int(sys.argv[3])
WAIT = 20


def serve(listener, context):
    def answer(raw):
        try:
            with context.wrap_socket(raw, server_side=True) as stream:
                head(stream)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            raw.close()

    while True:
        raw, _ = listener.accept()
        raw.settimeout(WAIT)
        threading.Thread(target=answer, args=(raw,), daemon=True).start()


def head(stream):
    """What comes up to the empty line."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = stream.recv(4096)
        if not more:
            break
        read += more
    return read


def status(stream):
    return head(stream).split(b" ")[1].decode()


def request(target, host):
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def nested(stream, question):
    """What comes of a CONNECT within a tunnel. A proxy that takes it says nothing, and passes on what follows."""
    host = question["nested"]
    stream.sendall(f"CONNECT {host}:{PORT} HTTP/1.1\r\nHost: {host}:{PORT}\r\n\r\n".encode())
    stream.settimeout(1)
    try:
        return status(stream)
    except TimeoutError:
        stream.settimeout(WAIT)
        stream.sendall(request(question["path"], f"{question['connect']}:{PORT}"))
        return status(stream)


def ask(question, own):
    with socket.create_connection(PROXY, WAIT) as raw:
        if question.get("connect") is None:
            raw.sendall(request(question["path"], question["host"]))
            return f"plain {status(raw)}"
        host = question["connect"]
        raw.sendall(f"CONNECT {host}:{PORT} HTTP/1.1\r\nHost: {host}:{PORT}\r\n\r\n".encode())
        if status(raw) != "200":
            return "denied"
        if "speak" in question:
            raw.sendall(question["speak"].encode())
            return "spoken 200" if raw.recv(1) == b"\x15" else "closed"
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with context.wrap_socket(raw, server_hostname=question.get("sni")) as stream:
                whose = "spliced" if stream.getpeercert(True) == own else "bumped"
                if "nested" in question:
                    return f"nested {nested(stream, question)}"
                stream.sendall(request(question["path"], question.get("host") or f"{host}:{PORT}"))
                return f"{whose} {status(stream)}"
        except (OSError, IndexError):
            return "closed"


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    with open(sys.argv[4], encoding="ascii") as file:
        own = ssl.PEM_cert_to_DER_cert(file.read())
    listener = socket.create_server((sys.argv[2], PORT))
    threading.Thread(target=serve, args=(listener, context), daemon=True).start()
    json.dump([ask(question, own) for question in json.load(sys.stdin)], sys.stdout)


main()
