/// What the module that journals batches can make of a journaled batch.
package struct BatchDecoder: Sendable {
    /// What became of a record.
    package enum Outcome: Sendable {
        case rows(DecodedBatch)
        /// This program can make no rows of it, now or later; the reason is for people.
        case poisoned(String)
    }

    /// The rows of a record.
    ///
    /// Throws `.restore` for a kind that this program does not know: a newer one wrote it.
    package let decode: @Sendable (JournalRecord) throws(StorageError) -> Outcome
    /// The rows of several records, in order: recovery decodes many, and the owner has processors to spread
    /// them over.
    package let decodeAll: @Sendable ([JournalRecord]) throws(StorageError) -> [Outcome]
    /// Two smaller records with the same rows, or nil for a record that cannot be divided.
    ///
    /// The same record is always divided in the same way.
    package let split: @Sendable (JournalRecord) -> (JournalRecord, JournalRecord)?

    /// - Parameters:
    ///   - decode: see above.
    ///   - decodeAll: nil decodes one after the other.
    ///   - split: see above.
    package init(
        decode: @escaping @Sendable (JournalRecord) throws(StorageError) -> Outcome,
        decodeAll: (@Sendable ([JournalRecord]) throws(StorageError) -> [Outcome])? = nil,
        split: @escaping @Sendable (JournalRecord) -> (JournalRecord, JournalRecord)?
    ) {
        self.decode = decode
        if let decodeAll {
            self.decodeAll = decodeAll
        } else {
            self.decodeAll = { records throws(StorageError) in try Self.each(records, decode) }
        }
        self.split = split
    }

    private static func each(
        _ records: [JournalRecord],
        _ decode: (JournalRecord) throws(StorageError) -> Outcome
    ) throws(StorageError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for record in records { outcomes.append(try decode(record)) }
        return outcomes
    }
}
