"""The little shop whose telemetry the API tests search."""

from __future__ import annotations

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, Sum
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from holdfast_server import Holdfast
from otlp import (
    MILLISECOND, NOON, SECOND, attributes, log, log_request, metric_request, resource, span,
    trace_request,
)

TRACES = 30
ODD_SERVICE = "team/web app ü"
SERVICES = ["cart", "db", ODD_SERVICE, "web"]


def start_of(number: int) -> int:
    return NOON + number * SECOND


def send_shop(server: Holdfast) -> None:
    """Trace n starts n seconds after noon and lasts n ms; every fifth fails in the cart."""
    for n in range(1, TRACES + 1):
        start = start_of(n)
        web = [
            span(n, 1, name="GET /cart", start=start, duration=n * MILLISECOND, tags={
                "http.request.method": "GET", "http.response.status_code": 500 if n % 5 == 0 else 200,
                "user.id": f"u-{n % 3}", "retry": n, "cached": n % 2 == 0, "ratio": n / 4,
            }),
            span(n, 2, parent=1, name="call cart", kind=Span.SPAN_KIND_CLIENT, start=start + 10),
        ]
        cart = [span(
            n, 3, parent=2, name="list", start=start + 20, tags={"user.id": "nobody", "n": n},
            status={"code": 2, "message": "no cart"} if n % 5 == 0 else {},
        )]
        db = [span(n, 4, parent=3, name="SELECT", kind=Span.SPAN_KIND_INTERNAL, start=start + 30)]
        for service, spans in [("web", web), ("cart", cart), ("db", db)]:
            request = trace_request(spans, origin=resource(service, deployment_environment=f"env-{n % 2}"))
            scope = InstrumentationScope(name="lib", version="9", attributes=attributes({"team": "t-1"}))
            request.resource_spans[0].scope_spans[0].scope.CopyFrom(scope)
            server.send("traces", request)
    server.send("traces", trace_request([span(900, 1, name="odd", start=NOON - SECOND)], ODD_SERVICE))


def send_logs_and_metrics(server: Holdfast) -> None:
    server.send("logs", log_request([
        log("user logged in", time=NOON + 1, severity=9, severity_text="INFO", tags={"user": "a", "n": 1}),
        log("payment FAILED badly", time=NOON + 2, severity=17, severity_text="Error",
            trace_id=(5).to_bytes(16, "big"), span_id=(3).to_bytes(8, "big"), tags={"exception.type": "Oops"}),
        log({"order": 7, "what": "payment declined"}, time=NOON + 3, severity=18, severity_text=""),
        log("disk slow", time=NOON + 4, severity=13, severity_text="WARN"),
    ], service="web"))
    server.send("logs", log_request([log("cart log", time=NOON + 5, event_name="cart.event")], "cart"))
    points = [
        NumberDataPoint(time_unix_nano=NOON + s * SECOND, as_int=s * 10, attributes=attributes({"code": 200}))
        for s in range(10)
    ]
    other = [NumberDataPoint(time_unix_nano=NOON, as_double=0.5, attributes=attributes({"code": 500}))]
    total = Metric(name="requests", unit="1", sum=Sum(
        data_points=points + other, aggregation_temporality=2, is_monotonic=True))
    server.send("metrics", metric_request([total], "web"))
    heat = Metric(name="heat", unit="Cel", description="how hot", gauge=Gauge(data_points=other))
    server.send("metrics", metric_request([heat], "db"))
