import Failpoints
import Testing

@testable import Storage

/// After a commit of which nobody can tell whether it was made.
@Suite(.enabled(if: FailpointRegistry.isCompiledIn))
struct StoppedDoorTests {
    private static func open(
        _ fixture: Fixture,
        _ registry: FailpointRegistry
    ) throws(StorageError) -> StorageEngine {
        try StorageEngine.open(
            environment: Environment(clock: fixture.clock, failpoints: registry),
            limits: Fixture.limits,
            dataDirectory: fixture.directory,
            catalog: [Fixture.table],
            spaces: ["default"],
            decoder: Fixture.decoder
        )
    }

    @Test func nothingIsCollectedBeforeTheStoreIsOpenedAnew() throws {
        try withFixture { fixture in
            let registry = FailpointRegistry()
            let engine = try Self.open(fixture, registry)
            _ = try engine.append([Fixture.batch(first: 1, count: 50)])
            try registry.arm(StorageFailpoint.manifestBoundary, FailpointProgram("1*error"))
            let stopped = #expect(throws: StorageError.self) {
                try engine.flush(space: "default")
            }
            #expect(stopped?.code == .stop)
            let refused = #expect(throws: StorageError.self) {
                try engine.collectGarbage(space: "default", isUrgent: true)
            }
            #expect(refused?.code == .stop)
            engine.close()
            let reopened = try fixture.open()
            defer { reopened.close() }
            #expect(try Fixture.ids(reopened) == Array(1...50))
        }
    }

    /// The door that has stopped is gone with the space: the journal has to remember.
    @Test func nothingIsAppendedWhileNobodyKnowsWhetherASpaceWasMade() throws {
        try withFixture { fixture in
            let registry = FailpointRegistry()
            let engine = try Self.open(fixture, registry)
            _ = try engine.append([Fixture.batch(first: 1, count: 50)])
            try registry.arm(StorageFailpoint.manifestBoundary, FailpointProgram("1*error"))
            let stopped = #expect(throws: StorageError.self) {
                try engine.createSpace("team-a")
            }
            #expect(stopped?.code == .stop)
            let refused = #expect(throws: StorageError.self) {
                try engine.append([Fixture.batch(first: 51, count: 1)])
            }
            #expect(refused?.code == .stop)
            engine.close()
            let reopened = try fixture.open()
            defer { reopened.close() }
            #expect(reopened.spaceNames == ["default", "team-a"])
            #expect(try Fixture.ids(reopened) == Array(1...50))
        }
    }
}
