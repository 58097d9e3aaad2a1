extension OpenAPIDocument {
    /// What is answered about logs, metrics and the node.
    static let nodeSchemas = #"""
        "LogPage": {
          "type": "object",
          "required": ["logs", "nextCursor"],
          "properties": {
            "logs": {"type": "array", "items": {"$ref": "#/components/schemas/Log"}},
            "nextCursor": {"type": ["string", "null"], "description": "Null on the last page."}
          }
        },
        "Log": {
          "type": "object",
          "required": [
            "timeUnixNano",
            "observedTimeUnixNano",
            "severityText",
            "severityNumber",
            "body",
            "eventName",
            "service",
            "traceId",
            "spanId",
            "flags",
            "attributes",
            "droppedAttributesCount",
            "resource",
            "resourceSchemaUrl",
            "scope"
          ],
          "properties": {
            "timeUnixNano": {
              "type": "string",
              "description": "Unix nanoseconds, decimal; when it was observed, or received, if it was sent without."
            },
            "observedTimeUnixNano": {"type": "string", "description": "Unix nanoseconds, decimal."},
            "severityText": {"type": "string"},
            "severityNumber": {"type": "integer"},
            "body": {"description": "Any JSON value."},
            "eventName": {"type": "string"},
            "service": {"type": "string"},
            "traceId": {"type": "string", "description": "Empty when there is none."},
            "spanId": {"type": "string", "description": "Empty when there is none."},
            "flags": {"type": "integer"},
            "attributes": {"type": "object", "additionalProperties": true},
            "droppedAttributesCount": {"type": "integer"},
            "resource": {"type": "object", "additionalProperties": true},
            "resourceSchemaUrl": {"type": "string"},
            "scope": {"$ref": "#/components/schemas/Scope"}
          }
        },
        "Scope": {
          "type": "object",
          "required": ["name", "version", "attributes", "schemaUrl"],
          "properties": {
            "name": {"type": "string"},
            "version": {"type": "string"},
            "attributes": {"type": "object", "additionalProperties": true},
            "schemaUrl": {"type": "string"}
          }
        },
        "Metric": {
          "type": "object",
          "required": ["name", "type", "unit", "description", "services"],
          "properties": {
            "name": {"type": "string"},
            "type": {
              "type": "string",
              "enum": ["gauge", "sum", "histogram", "exponential_histogram", "summary"]
            },
            "unit": {"type": "string"},
            "description": {"type": "string"},
            "services": {"type": "array", "items": {"type": "string"}}
          }
        },
        "Labels": {
          "type": "object",
          "additionalProperties": {"type": "string"},
          "description": "service.name, the attributes (structured ones as JSON text), and statistic where there are several. Series of one answer that would have equal labels also have what tells them apart: attributes of the resource, otel_scope_version and so on."
        },
        "Series": {
          "type": "object",
          "required": ["labels", "unit", "resource", "resourceSchemaUrl", "scope", "points"],
          "properties": {
            "labels": {"$ref": "#/components/schemas/Labels"},
            "unit": {"type": "string"},
            "resource": {"type": "object", "additionalProperties": true},
            "resourceSchemaUrl": {"type": "string"},
            "scope": {"$ref": "#/components/schemas/Scope"},
            "points": {
              "type": "array",
              "description": "In order of time; points of one time that differ are all there.",
              "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [
                  {"type": "string", "description": "Unix nanoseconds, decimal."},
                  {
                    "description": "The value; text where JSON has no number for it.",
                    "anyOf": [
                      {"type": "number"},
                      {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}
                    ]
                  }
                ]
              }
            }
          }
        },
        "Spaces": {
          "type": "object",
          "required": ["ready", "quarantined"],
          "properties": {
            "ready": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["space", "version"],
                "properties": {"space": {"type": "string"}, "version": {"type": "integer"}}
              }
            },
            "quarantined": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["space", "code", "reason", "remedy"],
                "properties": {
                  "space": {"type": "string"},
                  "code": {"type": "string"},
                  "reason": {"type": "string"},
                  "remedy": {"type": "string"}
                }
              }
            }
          }
        },
        "Status": {
          "type": "object",
          "required": [
            "storeId",
            "epoch",
            "spaces",
            "acknowledged",
            "journal",
            "disk",
            "deadLetters"
          ],
          "properties": {
            "storeId": {"type": "string"},
            "epoch": {"type": "integer"},
            "spaces": {"type": "array", "items": {"$ref": "#/components/schemas/SpaceStatus"}},
            "acknowledged": {
              "type": "object",
              "required": ["batches", "spans", "logs", "points"],
              "properties": {
                "batches": {"type": "integer"},
                "spans": {"type": "integer"},
                "logs": {"type": "integer"},
                "points": {"type": "integer"}
              }
            },
            "journal": {
              "type": "object",
              "required": ["lastLsn", "bytes", "barriers", "recoveredBatches", "truncatedTails"],
              "properties": {
                "lastLsn": {"type": "integer"},
                "bytes": {"type": "integer"},
                "barriers": {"type": "integer"},
                "recoveredBatches": {"type": "integer"},
                "truncatedTails": {"type": "integer"}
              }
            },
            "disk": {
              "type": "object",
              "required": ["usedFraction", "refusesAbove", "isFull"],
              "properties": {
                "usedFraction": {"type": "number", "description": "Of the volume, 0 to 1."},
                "refusesAbove": {"type": "number", "description": "New data is refused above this."},
                "isFull": {"type": "boolean"}
              }
            },
            "deadLetters": {
              "type": "object",
              "required": ["count", "bytes", "problems"],
              "properties": {
                "count": {"type": "integer"},
                "bytes": {"type": "integer"},
                "problems": {
                  "type": "array",
                  "items": {"type": "string"},
                  "description": "Letters found damaged."
                }
              }
            }
          }
        },
        "SpaceStatus": {
          "type": "object",
          "required": [
            "space",
            "version",
            "journaledLsn",
            "foldedLsn",
            "segments",
            "rows",
            "bytes",
            "memtableBytes"
          ],
          "properties": {
            "space": {"type": "string"},
            "version": {"type": "integer"},
            "journaledLsn": {"type": "integer"},
            "foldedLsn": {"type": "integer"},
            "segments": {"type": "integer"},
            "rows": {
              "type": "object",
              "description": "In segments and in memory. Rows of traces and metric_series are made with segments: left out before.",
              "additionalProperties": {"type": "integer"}
            },
            "bytes": {"type": "integer"},
            "memtableBytes": {"type": "integer"}
          }
        },
        "Cache": {
          "type": "object",
          "required": [
            "hits", "misses", "coalesced", "staleServed", "evictions", "entries", "bytes"
          ],
          "properties": {
            "hits": {"type": "integer", "description": "Queries answered from the cache."},
            "misses": {"type": "integer", "description": "Queries that were not."},
            "coalesced": {
              "type": "integer",
              "description": "Queries that waited for the scan of another."
            },
            "staleServed": {"type": "integer", "description": "Always 0: no stale answer is given."},
            "loads": {"type": "integer", "description": "Scans that ended with an answer."},
            "loadFailures": {"type": "integer", "description": "Scans that ended with an error."},
            "discarded": {
              "type": "integer",
              "description": "Answers not kept: what they depend on had changed meanwhile."
            },
            "evictions": {
              "type": "object",
              "description": "Answers that left the cache, by cause.",
              "additionalProperties": {"type": "integer"}
            },
            "entries": {"type": "integer"},
            "bytes": {"type": "integer"},
            "invalidations": {"type": "integer"},
            "tags": {"type": "integer"}
          }
        },
        "File": {
          "type": "object",
          "required": ["table", "path", "rows", "bytes"],
          "properties": {
            "table": {"type": "string"},
            "path": {"type": "string", "description": "Relative to the data directory."},
            "rows": {"type": "integer"},
            "bytes": {"type": "integer"}
          }
        },
        "Readiness": {
          "type": "object",
          "required": ["ok", "checks"],
          "properties": {
            "ok": {"type": "boolean"},
            "checks": {
              "type": "array",
              "items": {
                "type": "object",
                "required": ["name", "ok", "detail"],
                "properties": {
                  "name": {"type": "string"},
                  "ok": {"type": "boolean"},
                  "detail": {"type": "string"}
                }
              }
            }
          }
        }
        """#
}
