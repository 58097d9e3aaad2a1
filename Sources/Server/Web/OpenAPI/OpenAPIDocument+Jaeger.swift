extension OpenAPIDocument {
    /// Jaeger's first query API.
    static let jaegerPaths = #"""
        "/api/services": {
          "get": {
            "tags": ["Jaeger"],
            "operationId": "listServices",
            "summary": "The services that sent spans.",
            "parameters": [{"$ref": "#/components/parameters/space"}],
            "responses": {
              "200": {
                "description": "Names, sorted.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/JaegerStrings"}}
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
        "/api/services/{service}/operations": {
          "get": {
            "tags": ["Jaeger"],
            "operationId": "listOperationNames",
            "summary": "The names of the operations of a service.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {
                "name": "service",
                "in": "path",
                "required": true,
                "schema": {"type": "string"},
                "description": "The service."
              }
            ],
            "responses": {
              "200": {
                "description": "Names, sorted.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/JaegerStrings"}}
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
        "/api/operations": {
          "get": {
            "tags": ["Jaeger"],
            "operationId": "listOperations",
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
              {"$ref": "#/components/parameters/spanKind"}
            ],
            "responses": {
              "200": {
                "description": "Operations.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/JaegerOperations"}}
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
        "/api/traces": {
          "get": {
            "tags": ["Jaeger"],
            "operationId": "searchTraces",
            "summary": "The newest traces with a span that fits.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {
                "name": "service",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Of a span."
              },
              {
                "name": "operation",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Name of a span; all means any."
              },
              {
                "name": "tags",
                "in": "query",
                "schema": {"type": "string"},
                "description": "A JSON object of attributes of a span, its resource, scope or events; error, span.kind and event (the name of an event) are known too."
              },
              {
                "name": "tag",
                "in": "query",
                "schema": {"type": "array", "items": {"type": "string"}},
                "explode": true,
                "description": "key:value, repeatable."
              },
              {
                "name": "minDuration",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Such as 250ms or 1.5s; a bare number counts microseconds."
              },
              {
                "name": "maxDuration",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Such as 250ms or 1.5s; a bare number counts microseconds."
              },
              {
                "name": "start",
                "in": "query",
                "schema": {"type": "integer"},
                "description": "Earliest start of the span, Unix microseconds."
              },
              {
                "name": "end",
                "in": "query",
                "schema": {"type": "integer"},
                "description": "Latest start of the span, Unix microseconds."
              },
              {
                "name": "lookback",
                "in": "query",
                "schema": {"type": "string", "examples": ["1h"]},
                "description": "Without start: the time before end (now, without end), such as 1h or 2d; else ignored."
              },
              {"$ref": "#/components/parameters/limit20"},
              {
                "name": "traceID",
                "in": "query",
                "schema": {"type": "array", "items": {"type": "string"}},
                "explode": true,
                "description": "These traces, whatever else is asked; repeatable."
              }
            ],
            "responses": {
              "200": {
                "description": "Traces, newest first.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/JaegerTraces"}}
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
        "/api/traces/{id}": {
          "get": {
            "tags": ["Jaeger"],
            "operationId": "getTrace",
            "summary": "One trace with all its spans.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/traceId"}
            ],
            "responses": {
              "200": {
                "description": "A list of one trace.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/JaegerTraces"}}
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
        "/api/dependencies": {
          "get": {
            "tags": ["Jaeger"],
            "operationId": "listDependencies",
            "summary": "Which service calls which, and how often.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {
                "name": "endTs",
                "in": "query",
                "schema": {"type": "integer"},
                "description": "End of the time, Unix milliseconds; without it all time counts."
              },
              {
                "name": "lookback",
                "in": "query",
                "schema": {"type": "integer", "default": 86400000},
                "description": "Length of the time, milliseconds."
              }
            ],
            "responses": {
              "200": {
                "description": "Calls between services, by when the called span began. Its caller is found if it began in the time asked for or up to an hour before, or earlier and had not ended when that time began; a call whose caller had ended by then may be missed.",
                "content": {
                  "application/json": {
                    "schema": {"$ref": "#/components/schemas/JaegerDependencies"}
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
