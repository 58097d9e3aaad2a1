extension OpenAPIDocument {
    /// Errors and OTLP.
    static let commonSchemas = #"""
        "Error": {
          "type": "object",
          "description": "Routes of Jaeger's first API add its envelope: data, total, limit, offset and errors.",
          "required": ["error"],
          "properties": {
            "error": {
              "type": "object",
              "required": ["code", "message", "remedy"],
              "properties": {
                "code": {"type": "string", "description": "For programs."},
                "message": {"type": "string", "description": "What is wrong."},
                "remedy": {"type": "string", "description": "What to do about it."},
                "grpcCode": {"type": "integer", "description": "Of Jaeger's version 3 only."},
                "httpCode": {"type": "integer", "description": "Of Jaeger's version 3 only."}
              }
            }
          }
        },
        "RPCStatus": {
          "type": "object",
          "properties": {
            "code": {"type": "integer", "description": "A code of gRPC."},
            "message": {"type": "string"},
            "details": {"type": "array", "items": {"type": "object"}}
          }
        },
        "ExportTraceServiceRequest": {
          "type": "object",
          "properties": {
            "resourceSpans": {
              "type": "array",
              "items": {"$ref": "#/components/schemas/ResourceSpans"}
            }
          }
        },
        "ExportLogsServiceRequest": {
          "type": "object",
          "properties": {"resourceLogs": {"type": "array", "items": {"type": "object"}}},
          "description": "As OTLP/JSON defines it."
        },
        "ExportMetricsServiceRequest": {
          "type": "object",
          "properties": {"resourceMetrics": {"type": "array", "items": {"type": "object"}}},
          "description": "As OTLP/JSON defines it."
        },
        "ExportTraceServiceResponse": {
          "type": "object",
          "properties": {
            "partialSuccess": {
              "type": "object",
              "properties": {
                "rejectedSpans": {"type": "string", "description": "A count, decimal."},
                "errorMessage": {"type": "string"}
              }
            }
          }
        },
        "ExportLogsServiceResponse": {
          "type": "object",
          "properties": {
            "partialSuccess": {
              "type": "object",
              "properties": {
                "rejectedLogRecords": {"type": "string", "description": "A count, decimal."},
                "errorMessage": {"type": "string"}
              }
            }
          }
        },
        "ExportMetricsServiceResponse": {
          "type": "object",
          "properties": {
            "partialSuccess": {
              "type": "object",
              "properties": {
                "rejectedDataPoints": {"type": "string", "description": "A count, decimal."},
                "errorMessage": {"type": "string"}
              }
            }
          }
        },
        "ResourceSpans": {
          "type": "object",
          "description": "As OTLP/JSON defines it.",
          "additionalProperties": true
        },
        "TracesResult": {
          "type": "object",
          "required": ["result"],
          "properties": {
            "result": {
              "type": "object",
              "properties": {
                "resourceSpans": {
                  "type": "array",
                  "items": {"$ref": "#/components/schemas/ResourceSpans"}
                }
              }
            }
          }
        }
        """#
}
