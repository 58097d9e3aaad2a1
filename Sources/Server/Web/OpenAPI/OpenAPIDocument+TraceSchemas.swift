extension OpenAPIDocument {
    /// What is answered about traces.
    static let traceSchemas = #"""
        "SpanKind": {
          "type": "string",
          "enum": ["unspecified", "internal", "server", "client", "producer", "consumer"]
        },
        "Operation": {
          "type": "object",
          "required": ["name", "spanKind"],
          "properties": {
            "name": {"type": "string"},
            "spanKind": {"$ref": "#/components/schemas/SpanKind"}
          }
        },
        "TraceSummary": {
          "type": "object",
          "required": [
            "traceId",
            "rootServiceName",
            "rootOperationName",
            "minTimeUnixNano",
            "maxTimeUnixNano",
            "spanCount",
            "errorSpanCount",
            "services"
          ],
          "properties": {
            "traceId": {"type": "string", "description": "32 hexadecimal digits."},
            "rootServiceName": {"type": "string"},
            "rootOperationName": {"type": "string"},
            "minTimeUnixNano": {"type": "string", "description": "Unix nanoseconds, decimal."},
            "maxTimeUnixNano": {"type": "string", "description": "Unix nanoseconds, decimal."},
            "minStartTimeUnixNano": {
              "type": "string",
              "description": "Jaeger's name of minTimeUnixNano; left out when zero."
            },
            "maxEndTimeUnixNano": {
              "type": "string",
              "description": "Jaeger's name of maxTimeUnixNano; left out when zero."
            },
            "spanCount": {"type": "integer"},
            "errorSpanCount": {"type": "integer"},
            "orphanSpanCount": {
              "type": "integer",
              "description": "Spans whose parent is not in the trace; left out when zero."
            },
            "services": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["name", "spanCount", "errorSpanCount"],
                "properties": {
                  "name": {"type": "string"},
                  "spanCount": {"type": "integer"},
                  "errorSpanCount": {"type": "integer"}
                }
              }
            }
          }
        },
        "JaegerList": {
          "type": "object",
          "required": ["data", "total", "limit", "offset", "errors"],
          "properties": {
            "data": {"type": "array"},
            "total": {"type": "integer"},
            "limit": {"type": "integer"},
            "offset": {"type": "integer"},
            "errors": {
              "description": "A trace that was asked for by traceID and is not there.",
              "type": ["array", "null"],
              "items": {
                "type": "object",
                "required": ["code", "msg"],
                "properties": {
                  "code": {"type": "integer"},
                  "msg": {"type": "string"},
                  "traceID": {"type": "string"}
                }
              }
            }
          }
        },
        "JaegerStrings": {
          "allOf": [
            {"$ref": "#/components/schemas/JaegerList"},
            {
              "type": "object",
              "properties": {"data": {"type": "array", "items": {"type": "string"}}}
            }
          ]
        },
        "JaegerOperations": {
          "allOf": [
            {"$ref": "#/components/schemas/JaegerList"},
            {
              "type": "object",
              "properties": {
                "data": {"type": "array", "items": {"$ref": "#/components/schemas/Operation"}}
              }
            }
          ]
        },
        "JaegerTraces": {
          "allOf": [
            {"$ref": "#/components/schemas/JaegerList"},
            {
              "type": "object",
              "properties": {
                "data": {"type": "array", "items": {"$ref": "#/components/schemas/JaegerTrace"}}
              }
            }
          ]
        },
        "JaegerDependencies": {
          "allOf": [
            {"$ref": "#/components/schemas/JaegerList"},
            {
              "type": "object",
              "properties": {
                "data": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "required": ["parent", "child", "callCount", "errorCount"],
                    "properties": {
                      "parent": {"type": "string"},
                      "child": {"type": "string"},
                      "callCount": {"type": "integer"},
                      "errorCount": {"type": "integer"}
                    }
                  }
                }
              }
            }
          ]
        },
        "JaegerTrace": {
          "type": "object",
          "required": ["traceID", "spans", "processes", "warnings"],
          "properties": {
            "traceID": {"type": "string"},
            "spans": {"type": "array", "items": {"$ref": "#/components/schemas/JaegerSpan"}},
            "processes": {
              "type": "object",
              "additionalProperties": {
                "type": "object",
                "required": ["serviceName", "tags"],
                "properties": {
                  "serviceName": {"type": "string"},
                  "tags": {"type": "array", "items": {"$ref": "#/components/schemas/JaegerTag"}}
                }
              }
            },
            "warnings": {"type": "null"}
          }
        },
        "JaegerSpan": {
          "type": "object",
          "required": [
            "traceID",
            "spanID",
            "operationName",
            "flags",
            "references",
            "startTime",
            "duration",
            "tags",
            "logs",
            "processID",
            "warnings"
          ],
          "properties": {
            "traceID": {"type": "string", "description": "32 hexadecimal digits."},
            "spanID": {"type": "string", "description": "16 hexadecimal digits."},
            "operationName": {"type": "string"},
            "flags": {"type": "integer"},
            "references": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["refType", "traceID", "spanID"],
                "properties": {
                  "refType": {"type": "string", "enum": ["CHILD_OF", "FOLLOWS_FROM"]},
                  "traceID": {"type": "string"},
                  "spanID": {"type": "string"}
                }
              }
            },
            "startTime": {"type": "integer", "description": "Unix microseconds."},
            "duration": {"type": "integer", "description": "Microseconds."},
            "tags": {"type": "array", "items": {"$ref": "#/components/schemas/JaegerTag"}},
            "logs": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["timestamp", "fields"],
                "properties": {
                  "timestamp": {"type": "integer"},
                  "fields": {"type": "array", "items": {"$ref": "#/components/schemas/JaegerTag"}}
                }
              }
            },
            "processID": {"type": "string"},
            "warnings": {"type": "null"}
          }
        },
        "JaegerTag": {
          "type": "object",
          "required": ["key", "type", "value"],
          "properties": {
            "key": {"type": "string"},
            "type": {"type": "string", "enum": ["string", "bool", "int64", "float64", "binary"]},
            "value": {
              "type": ["string", "boolean", "number"],
              "description": "Of type int64: text from 2^53 on, which browsers would round. Of type float64: text for NaN, +Inf and -Inf."
            }
          }
        }
        """#
}
