"""An HTTPS server on Python's ssl. server.py PORT CHAIN KEY"""

import http.server
import ssl
import sys

port, chain, key = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"{self.connection.version()} {self.connection.cipher()[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's own thread, or one slow client stops all.
        with context.wrap_socket(request, server_side=True) as stream:
            super().finish_request(stream, client_address)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
Server(("127.0.0.1", int(port)), Handler).serve_forever()
