import OTLP
import Parquet
import Synchronization

/// Which attributes the events of immutable chunks have, so that most searches by attribute do not read them.
///
/// Derived; bounded by count.
final class EventFacts: Sendable {
    private struct Key: Hashable {
        let segment: String
        let rowGroup: Int
        let rows: Range<Int>
    }

    /// The keys of a chunk's events.
    private enum Keys {
        case these(Set<String>)
        /// Too many to keep.
        case any

        func mayHave(_ key: String) -> Bool {
            switch self {
            case .these(let keys): keys.contains(key)
            case .any: true
            }
        }
    }

    private let known = Mutex<[Key: Keys]>([:])
    private static let entriesMax = 4_096
    private static let keysMax = 64
    /// Bytes of all keys of one row group.
    private static let keyBytesMax = 8 << 10

    /// The key under which Jaeger's API shows the name of an event.
    static let nameKey = "event"

    /// Whether an event of a chunk of spans may have the key; false only when none has.
    func mayHave(_ key: String, _ chunk: Chunk) throws -> Bool {
        // What is in memory is not kept for long enough.
        guard case .rowGroup(let reader, let group) = chunk.source else { return true }
        let place = Key(segment: reader.name, rowGroup: group, rows: chunk.rows)
        if let found = known.withLock({ $0[place] }) { return found.mayHave(key) }
        let found = try Self.keys(chunk)
        known.withLock { known in
            if known.count >= Self.entriesMax { known.removeAll() }
            known[place] = found
        }
        return found.mayHave(key)
    }

    private static func keys(_ chunk: Chunk) throws -> Keys {
        guard let (_, column) = try chunk.children(SpanTable.Position.events, member: 2) else {
            return .these([])
        }
        var keys: Set<String> = [nameKey]
        guard case .text(let texts) = column else { return .these(keys) }
        var isRead = [Bool](repeating: false, count: texts.dictionary.count)
        for code in texts.codes where code != TextColumn.null && !isRead[Int(code)] {
            isRead[Int(code)] = true
            keys.formUnion(try ValueJSON.keys(ofObject: Array(texts.dictionary[code])))
            if keys.count > keysMax || keys.reduce(0, { $0 + $1.utf8.count }) > keyBytesMax {
                return .any
            }
        }
        return .these(keys)
    }
}
