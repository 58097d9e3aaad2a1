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
    /// Two smaller records with the same rows, or nil for a record that cannot be divided.
    ///
    /// The same record is always divided in the same way.
    package let split: @Sendable (JournalRecord) -> (JournalRecord, JournalRecord)?

    package init(
        decode: @escaping @Sendable (JournalRecord) throws(StorageError) -> Outcome,
        split: @escaping @Sendable (JournalRecord) -> (JournalRecord, JournalRecord)?
    ) {
        self.decode = decode
        self.split = split
    }
}
