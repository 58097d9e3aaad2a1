import CZlib

/// Why bytes are not a gzip body that may be inflated.
enum GzipError: Error {
    case corrupt, truncated, trailingGarbage, tooLarge, outOfMemory

    /// What is wrong, for people.
    var message: String {
        switch self {
        case .corrupt: "the body is not gzip, or is damaged"
        case .truncated: "the gzip body ends too early"
        case .trailingGarbage: "bytes that are not gzip follow the gzip body"
        case .tooLarge: "the gzip body is too large once inflated"
        case .outOfMemory: "there is no memory to inflate the gzip body"
        }
    }
}

/// Inflates a gzip body as it arrives: one member or several, one after the other.
///
/// The output never holds, nor has room for, more bytes than the limit: what a body claims about
/// itself allocates nothing, and a bomb is noticed by the first byte that would be too much.
struct GzipInflater: ~Copyable {
    /// What has been inflated so far.
    private(set) var output: [UInt8] = []
    private let limit: Int
    private var isInsideMember = true
    private var isFirstMember = true
    private let window: UnsafeMutablePointer<UInt8>
    private let stream = ZStream()

    private static let windowCount = 64 << 10
    init(limit: Int) throws(GzipError) {
        self.limit = limit
        window = .allocate(capacity: Self.windowCount)
        guard inflateInit2_(stream.pointer, ZStream.gzip, ZLIB_VERSION, ZStream.size) == Z_OK else {
            throw .outOfMemory
        }
    }

    deinit {
        inflateEnd(stream.pointer)
        stream.deallocate()
        window.deallocate()
    }

    /// Inflates the next bytes of the body.
    mutating func push(_ bytes: UnsafeRawBufferPointer) throws(GzipError) {
        guard let base = bytes.baseAddress, let count = UInt32(exactly: bytes.count) else {
            guard bytes.isEmpty else { throw .tooLarge }
            return
        }
        stream.input = base
        stream.inputCount = count
        defer { stream.input = nil }
        while try step() {}
    }

    /// The whole body, once all its bytes have been pushed.
    consuming func finish() throws(GzipError) -> [UInt8] {
        guard !isInsideMember else { throw .truncated }
        return output
    }

    /// Inflates one window; false if more input is needed.
    private mutating func step() throws(GzipError) -> Bool {
        if !isInsideMember {
            guard stream.inputCount > 0 else { return false }
            inflateReset(stream.pointer)
            isInsideMember = true
            isFirstMember = false
        }
        let room = limit - output.count
        // One byte more than there is room for tells too large from just full.
        let windowCount = min(Self.windowCount, room + 1)
        stream.output = UnsafeMutableRawPointer(window)
        stream.outputCount = UInt32(windowCount)
        let code = inflate(stream.pointer, Z_NO_FLUSH)
        let produced = windowCount - Int(stream.outputCount)
        guard produced <= room else { throw .tooLarge }
        append(produced)
        switch code {
        case Z_STREAM_END:
            isInsideMember = false
            return stream.inputCount > 0
        case Z_OK: return stream.outputCount == 0 || stream.inputCount > 0
        case Z_BUF_ERROR: return false
        case Z_MEM_ERROR: throw .outOfMemory
        default: throw !isFirstMember && stream.totalOutputCount == 0 ? .trailingGarbage : .corrupt
        }
    }

    private mutating func append(_ count: Int) {
        let needed = output.count + count
        if needed > output.capacity {
            output.reserveCapacity(min(limit, max(needed, 2 * output.capacity)))
        }
        output.append(contentsOf: UnsafeBufferPointer(start: window, count: count))
    }
}

/// Packs answers.
enum Gzip {
    /// Smaller answers are sent as they are.
    static let worthwhileCount = 1024

    /// The bytes as one gzip member, or nil if there is no memory for that.
    static func deflated(_ bytes: [UInt8]) -> [UInt8]? {
        guard let count = UInt32(exactly: bytes.count) else { return nil }
        let stream = ZStream()
        defer { stream.deallocate() }
        let code = deflateInit2_(
            stream.pointer,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            ZStream.gzip,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            ZStream.size
        )
        guard code == Z_OK else { return nil }
        defer { deflateEnd(stream.pointer) }
        let bound = Int(deflateBound(stream.pointer, UInt(bytes.count)))
        guard let room = UInt32(exactly: bound) else { return nil }
        var isComplete = false
        let packed = bytes.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: bound) { output, written in
                stream.input = UnsafeRawPointer(input.baseAddress)
                stream.inputCount = count
                stream.output = UnsafeMutableRawPointer(output.baseAddress)
                stream.outputCount = room
                isComplete = deflate(stream.pointer, Z_FINISH) == Z_STREAM_END
                written = bound - Int(stream.outputCount)
            }
        }
        return isComplete ? packed : nil
    }
}
