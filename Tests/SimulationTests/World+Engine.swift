@testable import Simulation
@testable import Storage

extension World {
    /// Opens the store in the running process, without a look at the ledger.
    func openEngine(
        acceptsLoss: Bool = false,
        decoder: BatchDecoder = SimulatedCatalog.decoder
    ) throws(StorageError) -> StorageEngine {
        try StorageEngine.open(
            environment: environment(fileSystem),
            limits: options.limits,
            dataDirectory: World.root,
            catalog: SimulatedCatalog.tables,
            spaces: [SimulatedCatalog.space],
            acceptsLoss: acceptsLoss,
            decoder: decoder
        )
    }

    /// The paths of the journal's files, oldest first.
    func journalFiles() throws -> [String] {
        let directory = World.root + "/journal"
        return try fileSystem.list(directory).map { directory + "/" + $0.name }
            .filter { $0.hasSuffix(".wal") }
    }
}
