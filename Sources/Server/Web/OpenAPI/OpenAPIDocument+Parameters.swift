extension OpenAPIDocument {
    /// Parameters that several routes have.
    static let parameters = #"""
        "space": {
          "name": "X-Holdfast-Space",
          "in": "header",
          "schema": {"type": "string", "default": "default"},
          "description": "The space that the request is about."
        },
        "contentEncoding": {
          "name": "Content-Encoding",
          "in": "header",
          "schema": {"type": "string", "enum": ["identity", "gzip"]},
          "description": "How the body is packed."
        },
        "traceId": {
          "name": "id",
          "in": "path",
          "required": true,
          "schema": {"type": "string", "pattern": "^[0-9A-Fa-f]{1,32}$"},
          "description": "1 to 32 hexadecimal digits."
        },
        "spanKind": {
          "name": "spanKind",
          "in": "query",
          "schema": {"$ref": "#/components/schemas/SpanKind"},
          "description": "Of this kind only."
        },
        "limit20": {
          "name": "limit",
          "in": "query",
          "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 20},
          "description": "Traces at most."
        },
        "service": {
          "name": "service",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Of this service only."
        },
        "start": {
          "name": "start",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Unix time (s, ms, us or ns, told by its size) or RFC 3339."
        },
        "end": {
          "name": "end",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Unix time (s, ms, us or ns, told by its size) or RFC 3339."
        },
        "step": {
          "name": "step",
          "in": "query",
          "schema": {"type": "string", "examples": ["15s"]},
          "description": "The last point of each step only; a bare number is seconds."
        },
        "metricName": {
          "name": "name",
          "in": "query",
          "required": true,
          "schema": {"type": "string"},
          "description": "The name of the metric."
        },
        "v3Service": {
          "name": "query.service_name",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Of a span."
        },
        "v3Operation": {
          "name": "query.operation_name",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Name of a span."
        },
        "v3Attributes": {
          "name": "query.attributes",
          "in": "query",
          "schema": {"type": "string", "examples": ["{\"http.route\":\"/cart\"}"]},
          "description": "A JSON object of attributes of a span, its resource, scope or events; error, span.kind and event (the name of an event) are known too."
        },
        "v3StartMin": {
          "name": "query.start_time_min",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Unix time (s, ms, us or ns, told by its size) or RFC 3339."
        },
        "v3StartMax": {
          "name": "query.start_time_max",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Unix time (s, ms, us or ns, told by its size) or RFC 3339."
        },
        "v3DurationMin": {
          "name": "query.duration_min",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Such as 250ms or 1.5s; a bare number counts microseconds."
        },
        "v3DurationMax": {
          "name": "query.duration_max",
          "in": "query",
          "schema": {"type": "string"},
          "description": "Such as 250ms or 1.5s; a bare number counts microseconds."
        },
        "v3Depth": {
          "name": "query.search_depth",
          "in": "query",
          "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 20},
          "description": "Traces at most."
        }
        """#

    /// Refusals, in the two shapes that there are.
    static let responses = #"""
        "BadRequest": {
          "description": "A parameter is wrong; the message says which.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "Unauthenticated": {
          "description": "The server asks for a token and got none that it knows.",
          "headers": {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer."}},
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "ForbiddenOrigin": {
          "description": "A web page of another site asked.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "NotFound": {
          "description": "There is no such thing, or no such space.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "Failed": {
          "description": "The server failed; its log says why.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "Unavailable": {
          "description": "Not now; ask again.",
          "headers": {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
          },
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "StatusMalformed": {
          "description": "The body is malformed; nothing was stored.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusUnauthenticated": {
          "description": "The token is missing or wrong.",
          "headers": {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer."}},
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusForbidden": {
          "description": "A web page of another site asked.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusUnknownSpace": {
          "description": "There is no such space; nothing was stored.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusTooLarge": {
          "description": "The body is too large, as sent or once inflated.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusUnsupported": {
          "description": "The Content-Type or Content-Encoding is not served.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusFailed": {
          "description": "The server failed; its log says why.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        },
        "StatusRetry": {
          "description": "Nothing was stored; send it again.",
          "headers": {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}
          },
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/RPCStatus"}},
            "application/x-protobuf": {"schema": {"description": "A google.rpc.Status."}}
          }
        }
        """#

    /// Who may ask.
    static let securitySchemes = #"""
        "token": {
          "type": "http",
          "scheme": "bearer",
          "description": "Asked for when the server runs with --token-file."
        }
        """#
}
