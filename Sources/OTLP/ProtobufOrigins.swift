// Resources and scopes. A row is opened before its group is read and filled in as fields come, so
// their order does not matter and repeated messages merge.

/// What the decoders of all signals have in common.
struct ProtobufContext {
    var values: ProtobufValues
    var origins = OriginColumns()

    init(limits: DecodeLimits) { values = ProtobufValues(limits: limits) }

    /// Reads the Resource message that is next in `parent` into an open row.
    mutating func resource(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        row: UInt32
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch ResourceField(rawValue: tag) {
            case .attributes:
                try values.attribute(bytes, &cursor, into: &origins.resourceAttributes)
            case .droppedAttributes:
                origins.resourceDroppedAttributes[Int(row)] = try cursor.varint32(bytes)
            case nil: try cursor.skip(tag, unknownTo: ResourceField.self, bytes)
            }
        }
    }

    /// Reads the InstrumentationScope message that is next in `parent` into an open row.
    mutating func scope(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        row: UInt32
    ) throws(OTLPError) {
        var cursor = try parent.message(bytes)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch ScopeField(rawValue: tag) {
            case .name: origins.scopeNames[Int(row)] = try cursor.text(bytes)
            case .version: origins.scopeVersions[Int(row)] = try cursor.text(bytes)
            case .attributes:
                try values.attribute(bytes, &cursor, into: &origins.scopeAttributes)
            case .droppedAttributes:
                origins.scopeDroppedAttributes[Int(row)] = try cursor.varint32(bytes)
            case nil: try cursor.skip(tag, unknownTo: ScopeField.self, bytes)
            }
        }
    }
}

/// A decoder of one signal: the walk down to the records is the same for all three.
protocol ProtobufSignalDecoder {
    var context: ProtobufContext { get set }

    /// Reads the record (span, log record, metric) that is next in `parent`.
    mutating func record(
        _ bytes: Bytes,
        _ parent: inout WireCursor,
        resource: UInt32,
        scope: UInt32
    ) throws(OTLPError)
}

extension ProtobufSignalDecoder {
    /// Reads a whole export request.
    @inline(__always)
    mutating func request(_ bytes: Bytes) throws(OTLPError) {
        var cursor = WireCursor(bytes)
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch RequestField(rawValue: tag) {
            case .resources: try resourceGroup(bytes, try cursor.message(bytes))
            case nil: try cursor.skip(tag, unknownTo: RequestField.self, bytes)
            }
        }
    }

    @inline(__always)
    private mutating func resourceGroup(_ bytes: Bytes, _ window: WireCursor) throws(OTLPError) {
        try context.values.budget.countElement(at: window.position)
        let row = context.origins.beginResource()
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch ResourceGroupField(rawValue: tag) {
            case .resource:
                try context.resource(bytes, &cursor, row: row)
            case .scopes: try scopeGroup(bytes, try cursor.message(bytes), resource: row)
            case .schemaURL: context.origins.resourceSchemaURLs[Int(row)] = try cursor.text(bytes)
            case nil: try cursor.skip(tag, unknownTo: ResourceGroupField.self, bytes)
            }
        }
        context.origins.endResource(row)
    }

    @inline(__always)
    private mutating func scopeGroup(
        _ bytes: Bytes,
        _ window: WireCursor,
        resource: UInt32
    ) throws(OTLPError) {
        try context.values.budget.countElement(at: window.position)
        let row = context.origins.beginScope()
        var cursor = window
        while !cursor.isAtEnd {
            let tag = try cursor.tag(bytes)
            switch ScopeGroupField(rawValue: tag) {
            case .scope: try context.scope(bytes, &cursor, row: row)
            case .records: try record(bytes, &cursor, resource: resource, scope: row)
            case .schemaURL: context.origins.scopeSchemaURLs[Int(row)] = try cursor.text(bytes)
            case nil: try cursor.skip(tag, unknownTo: ScopeGroupField.self, bytes)
            }
        }
        context.origins.endScope(row)
    }
}
