extension OpenAPIDocument {
    /// Logs and metrics.
    static let telemetryPaths = #"""
        "/api/logs": {
          "get": {
            "tags": ["Logs"],
            "operationId": "searchLogs",
            "summary": "Log records, newest first, page by page.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {
                "name": "q",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Part of the body; upper and lower case differ."
              },
              {
                "name": "service",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Of this service only."
              },
              {
                "name": "severity",
                "in": "query",
                "schema": {"type": "string", "examples": ["ERROR"]},
                "description": "A severity text, or the name of a severity range."
              },
              {
                "name": "traceId",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Of this trace only."
              },
              {
                "name": "attributes",
                "in": "query",
                "schema": {"type": "string"},
                "description": "A JSON object of attributes."
              },
              {"$ref": "#/components/parameters/start"},
              {"$ref": "#/components/parameters/end"},
              {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100},
                "description": "Records a page."
              },
              {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "nextCursor of the page before."
              }
            ],
            "responses": {
              "200": {
                "description": "A page of records.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/LogPage"}}
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
        "/api/metrics/names": {
          "get": {
            "tags": ["Metrics"],
            "operationId": "listMetrics",
            "summary": "The metrics that have a point in a time.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/service"},
              {"$ref": "#/components/parameters/start"},
              {"$ref": "#/components/parameters/end"}
            ],
            "responses": {
              "200": {
                "description": "Metrics, sorted by name.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["metrics"],
                      "properties": {
                        "metrics": {
                          "type": "array",
                          "items": {"$ref": "#/components/schemas/Metric"}
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
        "/api/metrics/series": {
          "get": {
            "tags": ["Metrics"],
            "operationId": "listSeries",
            "summary": "The series of a metric and how many points they have.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/metricName"},
              {"$ref": "#/components/parameters/service"},
              {"$ref": "#/components/parameters/start"},
              {"$ref": "#/components/parameters/end"},
              {"$ref": "#/components/parameters/step"}
            ],
            "responses": {
              "200": {
                "description": "Series, sorted by labels.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["series"],
                      "properties": {
                        "series": {
                          "type": "array",
                          "items": {
                            "type": "object",
                            "required": [
                              "labels", "unit", "resource", "resourceSchemaUrl", "scope",
                              "pointCount"
                            ],
                            "properties": {
                              "labels": {"$ref": "#/components/schemas/Labels"},
                              "unit": {"type": "string"},
                              "resource": {"type": "object", "additionalProperties": true},
                              "resourceSchemaUrl": {"type": "string"},
                              "scope": {"$ref": "#/components/schemas/Scope"},
                              "pointCount": {"type": "integer"}
                            }
                          }
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
        "/api/metrics/range": {
          "get": {
            "tags": ["Metrics"],
            "operationId": "readSeries",
            "summary": "The series of a metric with their points.",
            "parameters": [
              {"$ref": "#/components/parameters/space"},
              {"$ref": "#/components/parameters/metricName"},
              {"$ref": "#/components/parameters/service"},
              {"$ref": "#/components/parameters/start"},
              {"$ref": "#/components/parameters/end"},
              {"$ref": "#/components/parameters/step"}
            ],
            "responses": {
              "200": {
                "description": "Series, sorted by labels.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["series"],
                      "properties": {
                        "series": {
                          "type": "array",
                          "items": {"$ref": "#/components/schemas/Series"}
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
