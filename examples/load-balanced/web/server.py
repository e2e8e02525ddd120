"""Says which container answers, on port 8000."""

import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETING = "Hello from"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        text = "fine\n" if self.path == "/health" else f"{GREETING} {socket.gethostname()}\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format, *args):
        if self.path != "/health":
            super().log_message(format, *args)


class Server(ThreadingHTTPServer):
    # At the end, requests that are under way are answered first.
    daemon_threads = False


def main():
    server = Server(("", 8000), Handler)
    # In a thread of its own, as it waits until the server has stopped.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()


main()
