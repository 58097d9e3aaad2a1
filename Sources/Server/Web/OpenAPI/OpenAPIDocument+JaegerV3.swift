extension OpenAPIDocument {
    /// Version 3 of the query API of Jaeger.
    static let jaegerPaths3 = #"""
        "/api/v3/services": {
          "get": {
            "tags": ["Jaeger v3"],
            "operationId": "listServicesV3",
            "summary": "The services that sent spans.",
            "parameters": [{"$ref": "#/components/parameters/space"}],
            "responses": {
              "200": {
                "description": "Names, sorted.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["services"],
                      "properties": {"services": {"type": "array", "items": {"type": "string"}}}
                    }
                  }
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/v3/operations": {
          "get": {
            "tags": ["Jaeger v3"],
            "operationId": "listOperationsV3",
            "summary": "The operations of a service, with their kinds.",
            "description": "Spans that do not say their kind count as internal.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {
                "name": "service",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Of this service only."
              },
              {
                "name": "span_kind",
                "in": "query",
                "schema": {"$ref": "#/components/schemas/SpanKind"},
                "description": "Of this kind only."
              },
              {"$ref": "#/components/parameters/spanKind"}
            ],
            "responses": {
              "200": {
                "description": "Operations.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["operations"],
                      "properties": {
                        "operations": {
                          "type": "array",
                          "items": {"$ref": "#/components/schemas/Operation"}
                        }
                      }
                    }
                  }
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/v3/traces": {
          "get": {
            "tags": ["Jaeger v3"],
            "operationId": "searchTracesV3",
            "summary": "The newest traces with a span that fits, as OTLP.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/v3Service"},
              {"$ref": "#/components/parameters/v3Operation"},
              {"$ref": "#/components/parameters/v3Attributes"},
              {"$ref": "#/components/parameters/v3StartMin"},
              {"$ref": "#/components/parameters/v3StartMax"},
              {"$ref": "#/components/parameters/v3DurationMin"},
              {"$ref": "#/components/parameters/v3DurationMax"},
              {"$ref": "#/components/parameters/v3Depth"}
            ],
            "responses": {
              "200": {
                "description": "Spans by trace, newest trace first.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/TracesResult"}}
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/v3/traces/{id}": {
          "get": {
            "tags": ["Jaeger v3"],
            "operationId": "getTraceV3",
            "summary": "One trace with all its spans, as OTLP.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/traceId"}
            ],
            "responses": {
              "200": {
                "description": "The trace.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/TracesResult"}}
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/v3/trace-summaries": {
          "get": {
            "tags": ["Jaeger v3"],
            "operationId": "searchTraceSummaries",
            "summary": "The newest traces with a span that fits, without their spans.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/v3Service"},
              {"$ref": "#/components/parameters/v3Operation"},
              {"$ref": "#/components/parameters/v3Attributes"},
              {"$ref": "#/components/parameters/v3StartMin"},
              {"$ref": "#/components/parameters/v3StartMax"},
              {"$ref": "#/components/parameters/v3DurationMin"},
              {"$ref": "#/components/parameters/v3DurationMax"},
              {"$ref": "#/components/parameters/v3Depth"}
            ],
            "responses": {
              "200": {
                "description": "Summaries, newest first.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["summaries"],
                      "properties": {
                        "summaries": {
                          "type": "array",
                          "items": {"$ref": "#/components/schemas/TraceSummary"}
                        }
                      }
                    }
                  }
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        }
        """#
}
