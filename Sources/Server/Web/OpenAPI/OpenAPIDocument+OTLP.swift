extension OpenAPIDocument {
    /// The doors of OTLP.
    static let exportPaths = #"""
        "/v1/traces": {
          "post": {
            "tags": ["OTLP"],
            "operationId": "exportTraces",
            "summary": "Store spans, durably, all of a request or nothing.",
            "description": "Success means that the whole batch would survive power loss.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/contentEncoding"}
            ],
            "requestBody": {
              "required": true,
              "content": {
                "application/x-protobuf": {
                  "schema": {"description": "A ExportTraceServiceRequest."}
                },
                "application/json": {
                  "schema": {"$ref": "#/components/schemas/ExportTraceServiceRequest"}
                }
              }
            },
            "responses": {
              "200": {
                "description": "Stored; bad records of a good request are counted.",
                "content": {
                  "application/json": {
                    "schema": {"$ref": "#/components/schemas/ExportTraceServiceResponse"}
                  },
                  "application/x-protobuf": {
                    "schema": {"description": "An ExportTraceServiceResponse."}
                  }
                }
              },
              "400": {"$ref": "#/components/responses/StatusMalformed"},
              "401": {"$ref": "#/components/responses/StatusUnauthenticated"},
              "403": {"$ref": "#/components/responses/StatusForbidden"},
              "404": {"$ref": "#/components/responses/StatusUnknownSpace"},
              "413": {"$ref": "#/components/responses/StatusTooLarge"},
              "415": {"$ref": "#/components/responses/StatusUnsupported"},
              "429": {"$ref": "#/components/responses/StatusRetry"},
              "500": {"$ref": "#/components/responses/StatusFailed"},
              "503": {"$ref": "#/components/responses/StatusRetry"}
            }
          }
        },
        "/v1/logs": {
          "post": {
            "tags": ["OTLP"],
            "operationId": "exportLogs",
            "summary": "Store log records, durably, all of a request or nothing.",
            "description": "Success means that the whole batch would survive power loss.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/contentEncoding"}
            ],
            "requestBody": {
              "required": true,
              "content": {
                "application/x-protobuf": {
                  "schema": {"description": "A ExportLogsServiceRequest."}
                },
                "application/json": {
                  "schema": {"$ref": "#/components/schemas/ExportLogsServiceRequest"}
                }
              }
            },
            "responses": {
              "200": {
                "description": "Stored; bad records of a good request are counted.",
                "content": {
                  "application/json": {
                    "schema": {"$ref": "#/components/schemas/ExportLogsServiceResponse"}
                  },
                  "application/x-protobuf": {
                    "schema": {"description": "An ExportLogsServiceResponse."}
                  }
                }
              },
              "400": {"$ref": "#/components/responses/StatusMalformed"},
              "401": {"$ref": "#/components/responses/StatusUnauthenticated"},
              "403": {"$ref": "#/components/responses/StatusForbidden"},
              "404": {"$ref": "#/components/responses/StatusUnknownSpace"},
              "413": {"$ref": "#/components/responses/StatusTooLarge"},
              "415": {"$ref": "#/components/responses/StatusUnsupported"},
              "429": {"$ref": "#/components/responses/StatusRetry"},
              "500": {"$ref": "#/components/responses/StatusFailed"},
              "503": {"$ref": "#/components/responses/StatusRetry"}
            }
          }
        },
        "/v1/metrics": {
          "post": {
            "tags": ["OTLP"],
            "operationId": "exportMetrics",
            "summary": "Store metric points, durably, all of a request or nothing.",
            "description": "Success means that the whole batch would survive power loss.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/contentEncoding"}
            ],
            "requestBody": {
              "required": true,
              "content": {
                "application/x-protobuf": {
                  "schema": {"description": "A ExportMetricsServiceRequest."}
                },
                "application/json": {
                  "schema": {"$ref": "#/components/schemas/ExportMetricsServiceRequest"}
                }
              }
            },
            "responses": {
              "200": {
                "description": "Stored; bad records of a good request are counted.",
                "content": {
                  "application/json": {
                    "schema": {"$ref": "#/components/schemas/ExportMetricsServiceResponse"}
                  },
                  "application/x-protobuf": {
                    "schema": {"description": "An ExportMetricsServiceResponse."}
                  }
                }
              },
              "400": {"$ref": "#/components/responses/StatusMalformed"},
              "401": {"$ref": "#/components/responses/StatusUnauthenticated"},
              "403": {"$ref": "#/components/responses/StatusForbidden"},
              "404": {"$ref": "#/components/responses/StatusUnknownSpace"},
              "413": {"$ref": "#/components/responses/StatusTooLarge"},
              "415": {"$ref": "#/components/responses/StatusUnsupported"},
              "429": {"$ref": "#/components/responses/StatusRetry"},
              "500": {"$ref": "#/components/responses/StatusFailed"},
              "503": {"$ref": "#/components/responses/StatusRetry"}
            }
          }
        }
        """#
}
