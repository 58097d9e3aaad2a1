"""A web application that knows nothing of OpenTelemetry: test_sdk.py runs it instrumented from outside.

Prints its port; ends on SIGTERM.
"""

from __future__ import annotations

import logging
import signal
import threading

from flask import Flask
from werkzeug.serving import make_server

application = Flask(__name__)
logger = logging.getLogger("shop")


@application.get("/items/<int:number>")
def item(number: int) -> str:
    logger.warning("item %d is nearly sold out", number)
    return f"item {number}"


@application.get("/fail")
def fail() -> str:
    raise RuntimeError("the kitchen is on fire")


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, application)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(server.port, flush=True)
    server.serve_forever()
