import OTLP
import Parquet

/// The columns that say where records come from, filled by looking up each record's resource and scope.
struct OriginBuilder {
    private struct Resource {
        var serviceName: UInt32
        var serviceNamespace = TextColumn.null
        var serviceInstanceID = TextColumn.null
        var attributes = TextColumn.null
        var dropped: Int64
        var schemaURL: UInt32
    }
    private struct Scope {
        var name: UInt32
        var version: UInt32
        var attributes = TextColumn.null
        var dropped: Int64
        var schemaURL: UInt32
    }

    private let resources: [Resource]
    private let scopes: [Scope]

    /// What a resource without `service.name` is called, as the resource conventions say.
    static let unknownService = "unknown_service"

    init(_ origins: OriginColumns, request: RequestText, _ text: inout TextBuilder) {
        var resources: [Resource] = []
        for index in 0..<origins.resourceCount {
            let range = Self.range(origins.resourceAttributeStarts, index)
            var resource = Resource(
                serviceName: TextColumn.null,
                dropped: Int64(origins.resourceDroppedAttributes[index]),
                schemaURL: text.codeOrNull(origins.resourceSchemaURLs[index])
            )
            for attribute in range where origins.resourceAttributes.kinds[attribute] == .string {
                let key = text.bytes(origins.resourceAttributes.keys[attribute])
                let value = TextRef(rawValue: origins.resourceAttributes.payloads[attribute])
                if key.elementsEqual("service.name".utf8) {
                    resource.serviceName = text.codeOrNull(value)
                } else if key.elementsEqual("service.namespace".utf8) {
                    resource.serviceNamespace = text.code(value)
                } else if key.elementsEqual("service.instance.id".utf8) {
                    resource.serviceInstanceID = text.code(value)
                }
            }
            if resource.serviceName == TextColumn.null {
                resource.serviceName = text.code(Self.unknownService)
            }
            resource.attributes = Self.json(origins.resourceAttributes, range, request, &text)
            resources.append(resource)
        }
        var scopes: [Scope] = []
        for index in 0..<origins.scopeCount {
            scopes.append(
                Scope(
                    name: text.codeOrNull(origins.scopeNames[index]),
                    version: text.codeOrNull(origins.scopeVersions[index]),
                    attributes: Self.json(
                        origins.scopeAttributes,
                        Self.range(origins.scopeAttributeStarts, index),
                        request,
                        &text
                    ),
                    dropped: Int64(origins.scopeDroppedAttributes[index]),
                    schemaURL: text.codeOrNull(origins.scopeSchemaURLs[index])
                )
            )
        }
        self.resources = resources
        self.scopes = scopes
    }

    /// The columns of `TableFields.origin` for records with these resources and scopes.
    func columns(resource: [UInt32], scope: [UInt32], _ dictionary: TextDictionary) -> [Column] {
        [
            text(resource.map { resources[Int($0)].serviceName }, dictionary),
            text(resource.map { resources[Int($0)].serviceNamespace }, dictionary),
            text(resource.map { resources[Int($0)].serviceInstanceID }, dictionary),
            text(resource.map { resources[Int($0)].attributes }, dictionary),
            .fixed(FixedColumn(values: resource.map { resources[Int($0)].dropped })),
            text(resource.map { resources[Int($0)].schemaURL }, dictionary),
            text(scope.map { scopes[Int($0)].name }, dictionary),
            text(scope.map { scopes[Int($0)].version }, dictionary),
            text(scope.map { scopes[Int($0)].attributes }, dictionary),
            .fixed(FixedColumn(values: scope.map { scopes[Int($0)].dropped })),
            text(scope.map { scopes[Int($0)].schemaURL }, dictionary),
        ]
    }

    private func text(_ codes: [UInt32], _ dictionary: TextDictionary) -> Column {
        codes.allSatisfy { $0 == TextColumn.null }
            ? .absent(rows: codes.count) : .text(TextColumn(codes: codes, dictionary: dictionary))
    }

    /// The code of an attribute set as JSON; null when it is empty.
    static func json(
        _ attributes: AttributeColumns,
        _ range: Range<Int>,
        _ request: RequestText,
        _ text: inout TextBuilder
    ) -> UInt32 {
        if range.isEmpty { return TextColumn.null }
        var json: [UInt8] = []
        ValueJSON.appendObject(of: attributes, range: range, text: request, into: &json)
        return text.code(json)
    }

    static func range(_ starts: [UInt32], _ index: Int) -> Range<Int> {
        Int(starts[index])..<Int(starts[index + 1])
    }
}
