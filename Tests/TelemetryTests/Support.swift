import Foundation
import Logging
import Storage

@testable import Telemetry

/// Where a test keeps its store, under a name that no other test has; to be removed with `removeTree`.
func newDirectory() -> String {
    FileManager.default.temporaryDirectory
        .appending(path: "holdfast-node-\(SystemRandom().next())").path
}

/// Removes a directory with all that is in it.
func removeTree(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

/// Runs `body` with a node, which looks for what is due every `tickMilliseconds`, and whose directory is removed
/// afterwards.
func withNode<Result>(
    _ limits: Limits = Limits(),
    tickMilliseconds: Int = 1_000,
    _ body: (TelemetryNode, String) async throws -> Result
) async throws -> Result {
    let directory = newDirectory()
    defer { removeTree(directory) }
    let node = try openNode(directory) { configuration in
        configuration.limits = limits
        configuration.tickMilliseconds = tickMilliseconds
    }
    defer { node.close() }
    return try await body(node, directory)
}

/// Opens a node that says nothing.
func openNode(
    _ directory: String,
    environment: Storage.Environment = Storage.Environment(),
    _ change: (inout NodeConfiguration) -> Void = { _ in }
) throws -> TelemetryNode {
    var configuration = NodeConfiguration(dataDirectory: directory)
    change(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try TelemetryNode(
        configuration: configuration,
        environment: environment,
        logger: logger
    )
}
