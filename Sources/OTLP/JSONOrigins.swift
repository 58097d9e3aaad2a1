// Resources and scopes in OTLP/JSON: the counterpart of ProtobufOrigins.swift.

/// What the decoders of all signals have in common.
struct JSONContext {
    var reader: JSONReader
    var origins = OriginColumns()

    init(_ bytes: Bytes, limits: DecodeLimits) { reader = JSONReader(bytes, limits: limits) }

    mutating func resource(_ bytes: Bytes, row: UInt32) throws(OTLPError) {
        var isFirst = try reader.openObject(bytes)
        while let field = try reader.nextField(&isFirst, bytes) {
            switch field {
            case .attributes: try reader.attributes(bytes, into: &origins.resourceAttributes)
            case .droppedAttributesCount:
                origins.resourceDroppedAttributes[Int(row)] = try reader.uint32(bytes)
            default: try reader.skip(bytes)
            }
        }
    }

    mutating func scope(_ bytes: Bytes, row: UInt32) throws(OTLPError) {
        var isFirst = try reader.openObject(bytes)
        while let field = try reader.nextField(&isFirst, bytes) {
            switch field {
            case .name: origins.scopeNames[Int(row)] = try reader.text(bytes)
            case .version: origins.scopeVersions[Int(row)] = try reader.text(bytes)
            case .attributes: try reader.attributes(bytes, into: &origins.scopeAttributes)
            case .droppedAttributesCount:
                origins.scopeDroppedAttributes[Int(row)] = try reader.uint32(bytes)
            default: try reader.skip(bytes)
            }
        }
    }
}

/// A decoder of one signal: the walk down to the records is the same for all three.
protocol JSONSignalDecoder {
    static var resourcesField: JSONField { get }
    static var scopesField: JSONField { get }
    static var recordsField: JSONField { get }
    var context: JSONContext { get set }

    /// Reads the record object (span, log record, metric) that is next.
    mutating func record(_ bytes: Bytes, resource: UInt32, scope: UInt32) throws(OTLPError)
}

extension JSONSignalDecoder {
    /// Reads a whole export request.
    mutating func request(_ bytes: Bytes) throws(OTLPError) {
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            guard field == Self.resourcesField else {
                try context.reader.skip(bytes)
                continue
            }
            var isFirstGroup = try context.reader.openArray(bytes)
            while try context.reader.nextElement(&isFirstGroup, bytes) {
                try resourceGroup(bytes)
            }
        }
        try context.reader.finish(bytes)
    }

    private mutating func resourceGroup(_ bytes: Bytes) throws(OTLPError) {
        try context.reader.budget.countElement(at: context.reader.cursor.position)
        let row = context.origins.beginResource()
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .resource: try context.resource(bytes, row: row)
            case Self.scopesField:
                var isFirstGroup = try context.reader.openArray(bytes)
                while try context.reader.nextElement(&isFirstGroup, bytes) {
                    try scopeGroup(bytes, resource: row)
                }
            case .schemaUrl:
                context.origins.resourceSchemaURLs[Int(row)] = try context.reader.text(bytes)
            default: try context.reader.skip(bytes)
            }
        }
        context.origins.endResource(row)
    }

    private mutating func scopeGroup(_ bytes: Bytes, resource: UInt32) throws(OTLPError) {
        try context.reader.budget.countElement(at: context.reader.cursor.position)
        let row = context.origins.beginScope()
        var isFirst = try context.reader.openObject(bytes)
        while let field = try context.reader.nextField(&isFirst, bytes) {
            switch field {
            case .scope: try context.scope(bytes, row: row)
            case Self.recordsField:
                var isFirstRecord = try context.reader.openArray(bytes)
                while try context.reader.nextElement(&isFirstRecord, bytes) {
                    try record(bytes, resource: resource, scope: row)
                }
            case .schemaUrl:
                context.origins.scopeSchemaURLs[Int(row)] = try context.reader.text(bytes)
            default: try context.reader.skip(bytes)
            }
        }
        context.origins.endScope(row)
    }
}
