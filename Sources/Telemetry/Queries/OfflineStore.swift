package import Storage

/// A store as it lies on disk, whether or not a server has it open.
package struct OfflineStore: Sendable {
    /// The names of all tables, as the directories of a space have them.
    package static let tableNames = TelemetryCatalog.tables.map(\.name)

    private let inspection: StoreInspection

    /// - Throws: `.restore` when there is no store in `dataDirectory`.
    package init(dataDirectory: String) throws(StorageError) {
        inspection = try StoreInspection(
            environment: Environment(),
            dataDirectory: dataDirectory,
            catalog: TelemetryCatalog.tables
        )
    }

    /// The files of the newest version of a space.
    package func files(space: String) throws(StorageError) -> [TableFile] {
        try inspection.snapshot(space: space).files()
    }

    /// Checks everything; see `StoreInspection.verify`.
    package func verify(
        progress: (String) -> Void
    ) throws(StorageError) -> VerificationReport {
        try inspection.verify(decoder: BatchCodec.decoder, progress: progress)
    }
}
