internal import Synchronization

/// Decoders that wait for their next use, so that their memory and zstd contexts serve many reads.
final class DecoderPool: Sendable {
    static let shared = DecoderPool()
    private static let idleCountMax = 8

    private let idle = Mutex<[ChunkDecoder]>([])

    func withDecoder<Result>(_ body: (ChunkDecoder) throws -> Result) throws -> Result {
        let decoder = try idle.withLock { $0.popLast() } ?? ChunkDecoder()
        defer {
            decoder.trim()
            idle.withLock { if $0.count < Self.idleCountMax { $0.append(decoder) } }
        }
        return try body(decoder)
    }
}
