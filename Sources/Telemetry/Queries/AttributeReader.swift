public import OTLP
import Parquet

/// Where a record comes from.
public final class Origin: Sendable {
    /// The `service.name` of the resource; `unknown_service` when it has none.
    public let serviceName: String
    /// The resource with its attributes.
    public let resource: Resource
    /// The schema URL of the resource; empty when none was sent.
    public let resourceSchemaURL: String
    /// The instrumentation scope with its attributes.
    public let scope: Scope
    /// The schema URL of the scope; empty when none was sent.
    public let scopeSchemaURL: String

    init(
        serviceName: String,
        resource: Resource,
        resourceSchemaURL: String,
        scope: Scope,
        scopeSchemaURL: String
    ) {
        self.serviceName = serviceName
        self.resource = resource
        self.resourceSchemaURL = resourceSchemaURL
        self.scope = scope
        self.scopeSchemaURL = scopeSchemaURL
    }
}

/// Puts attributes and origins back together from their columns.
struct AttributeReader {
    private let promoted: PromotedAttributes
    private let promotedColumns: [Column]
    private let maps: [Column]
    private let json: Column
    private let origins: [Column]
    private var cache: [[UInt32]: Origin] = [:]

    /// Reads from the columns of one run of rows.
    ///
    /// - Parameters:
    ///   - columns: all columns of the rows.
    ///   - promoted: the table's promoted attributes.
    ///   - origin: position of the first origin column.
    ///   - attributes: position of the first promoted column.
    init(_ columns: [Column], promoted: PromotedAttributes, origin: Int, attributes: Int) {
        self.promoted = promoted
        let maps = attributes + promoted.attributes.count
        promotedColumns = Array(columns[attributes..<maps])
        self.maps = Array(columns[maps..<(maps + 4)])
        json = columns[maps + 4]
        origins = Array(columns[origin..<(origin + TableFields.origin.count)])
    }

    /// The attributes of a row: promoted ones first, then the typed maps, then the structured ones.
    func attributes(_ row: Int) throws -> [KeyValue] {
        var result: [KeyValue] = []
        for (index, attribute) in promoted.attributes.enumerated() {
            switch attribute.type {
            case .string:
                if let text = promotedColumns[index].text(row) {
                    result.append(KeyValue(attribute.key, .string(text)))
                }
            case .double:
                if let bits = promotedColumns[index].fixedValue(row) {
                    result.append(
                        KeyValue(
                            attribute.key,
                            .double(Double(bitPattern: UInt64(bitPattern: bits)))
                        )
                    )
                }
            default:
                if let value = promotedColumns[index].fixedValue(row) {
                    result.append(KeyValue(attribute.key, .int(value)))
                }
            }
        }
        for (index, map) in maps.enumerated() {
            for child in map.children(row) {
                let key = map.child(0).text(child) ?? ""
                let values = map.child(1)
                let value: AnyValue =
                    switch index {
                    case 0: .string(values.text(child) ?? "")
                    case 1: .int(values.integer(child))
                    case 2: .double(Double(bitPattern: UInt64(bitPattern: values.integer(child))))
                    default: .bool(values.integer(child) != 0)
                    }
                result.append(KeyValue(key, value))
            }
        }
        if let bytes = json.textBytes(row) { result += try Self.object(bytes) }
        return result
    }

    /// The resource and scope of a row.
    mutating func origin(_ row: Int) throws -> Origin {
        let key = origins.map { column -> UInt32 in
            switch column {
            case .text(let text): text.codes[row]
            case .fixed(let fixed): UInt32(truncatingIfNeeded: fixed.values[row])
            default: TextColumn.null
            }
        }
        if let known = cache[key] { return known }
        let origin = Origin(
            serviceName: origins[0].text(row) ?? "",
            resource: Resource(
                attributes: try origins[3].textBytes(row).map(Self.object) ?? [],
                droppedAttributes: UInt32(truncatingIfNeeded: origins[4].integer(row))
            ),
            resourceSchemaURL: origins[5].text(row) ?? "",
            scope: Scope(
                name: origins[6].text(row) ?? "",
                version: origins[7].text(row) ?? "",
                attributes: try origins[8].textBytes(row).map(Self.object) ?? [],
                droppedAttributes: UInt32(truncatingIfNeeded: origins[9].integer(row))
            ),
            scopeSchemaURL: origins[10].text(row) ?? ""
        )
        cache[key] = origin
        return origin
    }

    /// The members of a JSON column's object.
    static func object(_ bytes: ArraySlice<UInt8>) throws -> [KeyValue] {
        try ValueJSON.parseObject(Array(bytes))
    }
}
