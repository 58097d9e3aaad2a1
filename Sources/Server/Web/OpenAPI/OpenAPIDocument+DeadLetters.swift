extension OpenAPIDocument {
    /// What was acknowledged and could not be applied.
    static let deadLetterPaths = #"""
        "/api/dead-letters": {
          "get": {
            "tags": ["Dead letters"],
            "operationId": "listDeadLetters",
            "summary": "The dead letters of all spaces, the oldest batch first.",
            "responses": {
              "200": {
                "description": "Dead letters.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["deadLetters"],
                      "properties": {
                        "deadLetters": {
                          "type": "array",
                          "items": {"$ref": "#/components/schemas/DeadLetter"}
                        }
                      }
                    }
                  }
                }
              },
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/dead-letters/{id}": {
          "parameters": [\#(idParameter)],
          "get": {
            "tags": ["Dead letters"],
            "operationId": "getDeadLetter",
            "summary": "One dead letter and what is in it.",
            "responses": {
              "200": {
                "description": "The letter.",
                "content": {
                  "application/json": {
                    "schema": {"$ref": "#/components/schemas/DeadLetterContent"}
                  }
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          },
          "delete": {
            "tags": ["Dead letters"],
            "operationId": "discardDeadLetter",
            "summary": "Delete a dead letter for good.",
            "responses": {
              "200": {
                "description": "It is durably gone.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["id", "discarded"],
                      "properties": {"id": {"type": "string"}, "discarded": {"const": true}}
                    }
                  }
                }
              },
              \#(refusals)
            }
          }
        },
        "/api/dead-letters/{id}/replay": {
          "parameters": [\#(idParameter)],
          "post": {
            "tags": ["Dead letters"],
            "operationId": "replayDeadLetter",
            "summary": "Apply a dead letter; what is stored already is not stored twice.",
            "responses": {
              "200": {
                "description": "Its rows are durable and visible, now or since an earlier replay.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["id", "replayed"],
                      "properties": {"id": {"type": "string"}, "replayed": {"const": true}}
                    }
                  }
                }
              },
              \#(refusals)
            }
          }
        }
        """#

    private static let idParameter = #"""
        {
          "name": "id",
          "in": "path",
          "required": true,
          "schema": {"type": "string", "pattern": "^[0-9a-f]{16}-[0-9a-f]{4,8}$"},
          "description": "The id of the letter, as the list shows it."
        }
        """#

    private static let refusals = #"""
        "400": {"$ref": "#/components/responses/BadRequest"},
        "401": {"$ref": "#/components/responses/Unauthenticated"},
        "403": {"$ref": "#/components/responses/ForbiddenOrigin"},
        "404": {"$ref": "#/components/responses/NotFound"},
        "422": {
          "description": "The letter cannot be applied as it is; it is kept.",
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        },
        "500": {"$ref": "#/components/responses/Failed"},
        "503": {"$ref": "#/components/responses/Unavailable"}
        """#

    /// Dead letters.
    static let deadLetterSchemas = #"""
        "DeadLetter": {
          "type": "object",
          "required": [
            "id",
            "space",
            "signal",
            "attempts",
            "error",
            "bytes",
            "since",
            "nextAttempt"
          ],
          "properties": {
            "id": {"type": "string"},
            "space": {"type": "string"},
            "signal": {"enum": ["traces", "logs", "metrics", null]},
            "attempts": {"type": "integer", "description": "Replays that failed."},
            "error": {"type": "string", "description": "Why it could not be applied."},
            "bytes": {"type": "integer", "description": "Bytes on disk."},
            "since": {"type": "string", "description": "Unix nanoseconds, decimal."},
            "nextAttempt": {
              "type": ["string", "null"],
              "description": "Unix nanoseconds, decimal; null when it waits for a person."
            }
          }
        },
        "DeadLetterContent": {
          "allOf": [{"$ref": "#/components/schemas/DeadLetter"}],
          "type": "object",
          "properties": {
            "request": {
              "type": "object",
              "description": "The request in OTLP/JSON, when it can be decoded."
            },
            "payload": {
              "type": "string",
              "contentEncoding": "base64",
              "description": "The request as it came, when it cannot."
            }
          }
        }
        """#
}
