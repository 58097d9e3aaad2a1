import OTLP
import Parquet

/// What tells one stream of points from others.
struct StreamFacts {
    typealias Label = (key: String, value: String)

    let origin: Origin
    let unit: String
    /// The attributes of the points and the well-known ones of the resource, by which people know the stream.
    let labels: [Label]
    private let attributes: [KeyValue]
    /// Type, temporality and whether it only grows.
    private let kind: [Label]

    private typealias Position = MetricTables.Position

    /// What a row of a metric table says of its stream.
    init(_ columns: [Column], _ row: Int, _ reader: inout AttributeReader) throws {
        origin = try reader.origin(row)
        attributes = try reader.attributes(row)
        unit = columns[Position.unit].text(row) ?? ""
        var labels: [Label] = [("service.name", origin.serviceName)]
        if let instance = columns[Position.origin + 2].text(row) {
            labels.append(("service.instance.id", instance))
        }
        self.labels = labels + attributes.map { ($0.key, Self.text($0.value)) }
        kind = [
            ("otel_metric_type", columns[Position.type].text(row) ?? ""),
            ("otel_metric_temporality", columns[Position.temporality].text(row) ?? ""),
            (
                "otel_metric_is_monotonic",
                columns[Position.isMonotonic].integer(row) == 0 ? "false" : "true"
            ),
        ]
    }

    /// The same bytes for rows of one stream, in whatever order their attributes came, and for no others.
    var identity: [UInt8] {
        let texts =
            kind.map(\.value) + [
                unit, origin.resourceSchemaURL, origin.scope.name, origin.scope.version,
                origin.scopeSchemaURL,
            ]
        let sets = [origin.resource.attributes, origin.scope.attributes, attributes].map { set in
            AnyValue.kvlist(
                set.map { (Array($0.key.utf8), $0) }.sorted {
                    $0.0.lexicographicallyPrecedes($1.0)
                }.map(\.1)
            )
        }
        var bytes: [UInt8] = []
        ValueJSON.append(.array(texts.map { .string($0) } + sets), into: &bytes)
        return bytes
    }

    /// For streams with the same labels, the labels that tell them apart, named as Prometheus names scopes.
    static func differences(_ streams: [StreamFacts]) -> [[Label]] {
        let facts = streams.map { stream in
            Dictionary(stream.hidden.map { ($0.key, $0.value) }) { first, _ in first }
        }
        let keys = Set(facts.flatMap(\.keys)).filter { key in
            facts.contains { $0[key] != facts[0][key] }
        }.sorted()
        return facts.map { facts in keys.compactMap { key in facts[key].map { (key, $0) } } }
    }

    /// What the labels do not say; empty texts are left out.
    private var hidden: [Label] {
        let taken = Set(labels.map(\.key) + ["statistic"])
        let resource = origin.resource.attributes.map { attribute -> Label in
            let isTaken = taken.contains(attribute.key)
            return (
                isTaken ? "resource.\(attribute.key)" : attribute.key, Self.text(attribute.value)
            )
        }
        let scope: [Label] = [
            ("otel_scope_name", origin.scope.name), ("otel_scope_version", origin.scope.version),
            ("otel_scope_schema_url", origin.scopeSchemaURL),
            ("otel_resource_schema_url", origin.resourceSchemaURL), ("otel_metric_unit", unit),
        ]
        let scopeAttributes = origin.scope.attributes.map { attribute -> Label in
            ("otel_scope_\(attribute.key)", Self.text(attribute.value))
        }
        return resource + (scope + kind).filter { !$0.value.isEmpty } + scopeAttributes
    }

    /// A value as people write it; JSON when it is structured.
    private static func text(_ value: AnyValue) -> String {
        if let text = RowFilter.text(value) { return text }
        var bytes: [UInt8] = []
        ValueJSON.append(value, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
