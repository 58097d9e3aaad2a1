/// Builds a `TextDictionary` of distinct byte strings.
///
/// Open addressing over a power-of-two table; hashing and comparing read eight bytes at a time. The hash
/// is seeded per table size only, so a table of hostile keys is bounded by `limit` probes per insert: past
/// that the string is appended as a duplicate, which costs memory and never an answer.
public struct TextInterner {
    private var table: [UInt32]
    private var mask: Int
    private var hashes: [UInt32] = []
    private var bytes: [UInt8] = []
    private var offsets: [UInt32] = [0]
    private static let empty = UInt32.max
    private static let probesMax = 256

    /// - Parameter capacity: distinct strings expected.
    public init(capacity: Int = 512) {
        var size = 1_024
        while size < capacity * 2 { size *= 2 }
        table = [UInt32](repeating: Self.empty, count: size)
        mask = size - 1
        hashes.reserveCapacity(capacity)
        offsets.reserveCapacity(capacity + 1)
    }

    /// Entries so far, the next code.
    public var count: Int { hashes.count }
    /// Bytes of all entries together.
    public var byteCount: Int { bytes.count }

    /// The code of the bytes, which become a new entry if they are not one.
    public mutating func code(for text: UnsafeRawBufferPointer) -> UInt32 {
        let hash = Self.hash(text)
        var slot = Int(hash) & mask
        for _ in 0..<Self.probesMax {
            let code = table[slot]
            if code == Self.empty { break }
            if hashes[Int(code)] == hash, equals(code, text) { return code }
            slot = (slot + 1) & mask
        }
        let code = UInt32(hashes.count)
        precondition(
            bytes.count + text.count < Int(UInt32.max),
            "a dictionary holds less than 4 GiB"
        )
        if table[slot] == Self.empty { table[slot] = code }
        hashes.append(hash)
        bytes.append(contentsOf: text)
        offsets.append(UInt32(bytes.count))
        if hashes.count * 2 > table.count { grow() }
        return code
    }

    /// The code of the bytes, which become a new entry if they are not one.
    public mutating func code(for text: some Collection<UInt8>) -> UInt32 {
        if let code = text.withContiguousStorageIfAvailable({
            code(for: UnsafeRawBufferPointer($0))
        }) {
            return code
        }
        return Array(text).withUnsafeBytes { code(for: $0) }
    }

    /// The code of the UTF-8 of `text`.
    public mutating func code(for text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { code(for: UnsafeRawBufferPointer($0)) }
    }

    /// The dictionary so far; the interner is spent.
    public consuming func finish() -> TextDictionary {
        TextDictionary(bytes: bytes, offsets: offsets)
    }

    private func equals(_ code: UInt32, _ text: UnsafeRawBufferPointer) -> Bool {
        let start = Int(offsets[Int(code)])
        guard Int(offsets[Int(code) + 1]) - start == text.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            var index = 0
            while index + 8 <= text.count {
                let left = bytes.loadUnaligned(fromByteOffset: start + index, as: UInt64.self)
                if left != text.loadUnaligned(fromByteOffset: index, as: UInt64.self) {
                    return false
                }
                index += 8
            }
            while index < text.count {
                if bytes[start + index] != text[index] { return false }
                index += 1
            }
            return true
        }
    }

    private mutating func grow() {
        let size = table.count * 2
        table = [UInt32](repeating: Self.empty, count: size)
        mask = size - 1
        for (code, hash) in hashes.enumerated() {
            var slot = Int(hash) & mask
            while table[slot] != Self.empty { slot = (slot + 1) & mask }
            table[slot] = UInt32(code)
        }
    }

    /// A multiply-and-fold hash of the bytes.
    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt32 {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(text.count)
        var index = 0
        while index + 8 <= text.count {
            state = fold(state ^ text.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var last: UInt64 = 0
        if text.count >= 8 {
            last = text.loadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self)
        } else {
            while index < text.count {
                last = last << 8 | UInt64(text[index])
                index += 1
            }
        }
        let folded = fold(state ^ last)
        return UInt32(truncatingIfNeeded: folded ^ folded >> 32)
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }
}
