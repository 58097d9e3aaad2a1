extension OpenAPIDocument {
    /// The node itself.
    static let nodePaths = #"""
        "/api/spaces": {
          "get": {
            "tags": ["Node"],
            "operationId": "listSpaces",
            "summary": "The spaces that are served, and those in quarantine.",
            "responses": {
              "200": {
                "description": "Spaces.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/Spaces"}}
                }
              },
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/spaces/{name}": {
          "post": {
            "tags": ["Node"],
            "operationId": "createSpace",
            "summary": "Make a space, durably.",
            "parameters": [
              {
                "name": "name",
                "in": "path",
                "required": true,
                "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"},
                "description": "The name of the space."
              }
            ],
            "responses": {
              "200": {
                "description": "All spaces, the new one among them.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/Spaces"}}
                }
              },
              "400": {"$ref": "#/components/responses/BadRequest"},
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "403": {"$ref": "#/components/responses/ForbiddenOrigin"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/status": {
          "get": {
            "tags": ["Node"],
            "operationId": "getStatus",
            "summary": "What this node holds and has acknowledged.",
            "responses": {
              "200": {
                "description": "The figures of this moment.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/Status"}}
                }
              },
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/api/cache": {
          "get": {
            "tags": ["Node"],
            "operationId": "getCache",
            "summary": "What the cache of answers has done since the server started, and holds.",
            "description": "A query whose answer comes from the cache has the header Age. Send Cache-Control: no-store to have it worked out.",
            "responses": {
              "200": {
                "description": "The figures of this moment.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/Cache"}}
                }
              },
              "401": {"$ref": "#/components/responses/Unauthenticated"}
            }
          }
        },
        "/api/files": {
          "get": {
            "tags": ["Node"],
            "operationId": "listFiles",
            "summary": "The Parquet files of the newest version of a space.",
            "parameters": [{"$ref": "#/components/parameters/space"}],
            "responses": {
              "200": {
                "description": "Exactly the files that another engine should read.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["files"],
                      "properties": {
                        "files": {"type": "array", "items": {"$ref": "#/components/schemas/File"}}
                      }
                    }
                  }
                }
              },
              "401": {"$ref": "#/components/responses/Unauthenticated"},
              "404": {"$ref": "#/components/responses/NotFound"},
              "500": {"$ref": "#/components/responses/Failed"},
              "503": {"$ref": "#/components/responses/Unavailable"}
            }
          }
        },
        "/livez": {
          "get": {
            "tags": ["Health"],
            "operationId": "isAlive",
            "summary": "Whether the process runs.",
            "security": [],
            "responses": {
              "200": {
                "description": "It does.",
                "content": {
                  "application/json": {
                    "schema": {
                      "type": "object",
                      "required": ["ok"],
                      "properties": {"ok": {"type": "boolean"}}
                    }
                  }
                }
              }
            }
          }
        },
        "/readyz": {
          "get": {
            "tags": ["Health"],
            "operationId": "isReady",
            "summary": "Whether the node can do its work.",
            "security": [],
            "responses": {
              "200": {
                "description": "It can.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}
                }
              },
              "503": {
                "description": "It cannot; the checks say why.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}
                }
              }
            }
          }
        },
        "/metrics": {
          "get": {
            "tags": ["Health"],
            "operationId": "readPrometheus",
            "summary": "What the node counts about itself, for Prometheus.",
            "responses": {
              "200": {
                "description": "Prometheus text format 0.0.4.",
                "content": {"text/plain": {"schema": {"type": "string"}}}
              },
              "401": {"$ref": "#/components/responses/Unauthenticated"}
            }
          }
        },
        "/openapi.json": {
          "get": {
            "tags": ["Health"],
            "operationId": "readDescription",
            "summary": "This description.",
            "security": [],
            "responses": {
              "200": {
                "description": "An OpenAPI 3.1 document.",
                "content": {"application/json": {"schema": {"type": "object"}}}
              }
            }
          }
        }
        """#
}
