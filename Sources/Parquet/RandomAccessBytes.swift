/// A file, or anything else with bytes at offsets.
public protocol RandomAccessBytes: Sendable {
    /// How many bytes there are; must not change.
    var byteCount: Int { get }
    /// What errors call it.
    var name: String { get }
    /// The `count` bytes at `offset`.
    ///
    /// - Throws: whatever the source throws; the reader passes it on. Fewer bytes than asked for are
    ///   taken for a truncated file.
    func read(at offset: Int, count: Int) throws -> [UInt8]
}

/// Bytes in memory as a source.
public struct BytesSource: RandomAccessBytes {
    /// All of them.
    public let bytes: [UInt8]
    /// What errors call the source.
    public let name: String

    /// A source of these bytes.
    public init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    /// How many bytes there are.
    public var byteCount: Int { bytes.count }

    /// The `count` bytes at `offset`; throws when there are fewer.
    public func read(at offset: Int, count: Int) throws -> [UInt8] {
        guard offset >= 0, count >= 0, count <= bytes.count - offset else {
            throw ParquetError(
                code: .truncated,
                message: "no \(count) bytes there",
                file: name,
                offset: offset
            )
        }
        return Array(bytes[offset..<offset + count])
    }
}
