/// Divides batches that cannot be written together into those that can and those that never can.
///
/// Bisects over the batches and, inside a batch, over its records. With `p` poisoned records of `n` it
/// encodes O(p log n) times, each time half as much.
struct PoisonSearch {
    /// A batch, or a part of one.
    struct Unit {
        let id: DeadLetterID
        let record: JournalRecord
        let batch: DecodedBatch
    }

    private let decoder: BatchDecoder
    private let lettersPerBatchMax: Int
    private let now: UInt64
    /// Why batches cannot be written together, or nil when they can.
    private let fault: ([DecodedBatch]) throws(StorageError) -> String?
    private var lettersOfBatch: [UInt64: Int] = [:]

    /// Batches that can be written together, in the order of arrival.
    private(set) var sound: [[DecodedBatch]] = []
    /// What can never be written.
    private(set) var letters: [DeadLetter] = []

    init(
        decoder: BatchDecoder,
        lettersPerBatchMax: Int,
        now: UInt64,
        fault: @escaping ([DecodedBatch]) throws(StorageError) -> String?
    ) {
        self.decoder = decoder
        self.lettersPerBatchMax = lettersPerBatchMax
        self.now = now
        self.fault = fault
    }

    /// Searches `units`, which are in the order of arrival.
    mutating func search(_ units: ArraySlice<Unit>) throws(StorageError) {
        guard let first = units.first else { return }
        guard let reason = try fault(units.map(\.batch)) else {
            sound.append(units.map(\.batch))
            return
        }
        if units.count > 1 {
            let middle = units.startIndex + units.count / 2
            try search(units[..<middle])
            try search(units[middle...])
        } else {
            try divide(first, reason)
        }
    }

    /// Puts the sound parts together again, when that can be written.
    mutating func join() throws(StorageError) {
        guard sound.count > 1, try fault(Array(sound.joined())) == nil else { return }
        sound = [Array(sound.joined())]
    }

    /// Keeps a record that cannot be read or written.
    mutating func keep(_ id: DeadLetterID, _ record: JournalRecord, _ reason: String) {
        letters.append(DeadLetter(id: id, record: record, since: now, reason: reason))
        lettersOfBatch[id.lsn, default: 0] += 1
    }

    private mutating func divide(_ unit: Unit, _ reason: String) throws(StorageError) {
        guard lettersOfBatch[unit.id.lsn, default: 0] < lettersPerBatchMax,
            let ids = unit.id.halves, let halves = decoder.split(unit.record)
        else { return keep(unit.id, unit.record, reason) }
        for (id, record) in [(ids.0, halves.0), (ids.1, halves.1)] {
            switch try decoder.decode(record) {
            case .rows(let batch): try search([Unit(id: id, record: record, batch: batch)])
            case .poisoned(let reason): keep(id, record, reason)
            }
        }
    }
}
