@testable import Parquet

/// Runs encoders and decoders on arrays.
enum Coding {
    static func encode(_ body: (inout OutputBuffer) throws -> Void) rethrows -> [UInt8] {
        var output = OutputBuffer()
        try body(&output)
        return Array(output.bytes)
    }

    /// Gives `body` the bytes with the padding that decoders may load, filled with ones.
    static func decode<Result>(
        _ bytes: [UInt8],
        _ body: (inout ByteCursor) throws -> Result
    ) throws -> Result {
        let padded = bytes + [UInt8](repeating: 0xff, count: Limits.padding)
        return try padded.withUnsafeBytes { padded in
            guard let base = padded.baseAddress else { throw Damage.truncated("no bytes") }
            var cursor = ByteCursor(base: base, count: bytes.count)
            return try body(&cursor)
        }
    }

    static func array<Element: BitwiseCopyable>(
        _ count: Int,
        _ zero: Element,
        _ body: (UnsafeMutablePointer<Element>) throws -> Void
    ) throws -> [Element] {
        var result = [Element](repeating: zero, count: count + 1)
        try result.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            try body(base)
        }
        return Array(result[..<count])
    }
}
