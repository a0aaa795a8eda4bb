"""A TLS client on Python's ssl that says in JSON what it negotiated.

client.py PORT AUTHORITY [max=1.2] [curve=NAME] [times=2]
"""

import json
import socket
import ssl
import sys

port, authority, *options = sys.argv[1:]
options = dict(option.split("=", 1) for option in options)
context = ssl.create_default_context(cafile=authority)
context.set_alpn_protocols(["http/1.1"])
if options.get("max") == "1.2":
    context.maximum_version = ssl.TLSVersion.TLSv1_2
if "curve" in options:
    context.set_ecdh_curve(options["curve"])
session = None
for _ in range(int(options.get("times", "1"))):
    plain = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
        session = stream.session
        told = {
            "version": stream.version(),
            "resumed": stream.session_reused,
            "protocol": stream.selected_alpn_protocol(),
            "body": answer.decode(),
        }
        print(json.dumps(told))
