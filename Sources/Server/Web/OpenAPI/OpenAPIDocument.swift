/// The description of the HTTP API (OpenAPI 3.1): `GET /openapi.json`.
///
/// Whoever adds, changes or removes a route does the same here. The parts are members of one JSON
/// object each; this file puts them together.
enum OpenAPIDocument {
    /// The whole document.
    static let json = """
        {
        \(info),
        "paths": {
        \(joined(paths))
        },
        "components": {
        "securitySchemes": {
        \(securitySchemes)
        },
        "parameters": {
        \(parameters)
        },
        "responses": {
        \(responses)
        },
        "schemas": {
        \(joined([commonSchemas, traceSchemas, nodeSchemas, deadLetterSchemas]))
        }
        }
        }
        """

    private static let paths = [
        exportPaths, jaegerPaths, jaegerPaths3, telemetryPaths, nodePaths, deadLetterPaths,
    ]

    private static func joined(_ parts: [String]) -> String { parts.joined(separator: ",\n") }

    /// What the document is about.
    private static let info = #"""
        "openapi": "3.1.0",
        "info": {
          "title": "Holdfast",
          "version": "1",
          "summary": "An OpenTelemetry backend that holds on to what it is given.",
          "description": "Times are Unix nanoseconds as decimal strings, ids are hexadecimal."
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "tags": [
          {"name": "OTLP", "description": "Receives telemetry."},
          {"name": "Jaeger", "description": "The first query API of Jaeger, without archive, transform and metrics."},
          {"name": "Jaeger v3", "description": "Version 3 of it, which speaks OTLP; query.filter is refused."},
          {"name": "Logs", "description": "Searches log records."},
          {"name": "Metrics", "description": "Reads metrics."},
          {"name": "Node", "description": "Spaces, figures and files."},
          {"name": "Health", "description": "For whoever operates the node."},
          {"name": "Dead letters", "description": "What could not be applied."}
        ]
        """#
}
