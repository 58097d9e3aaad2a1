// Arming that ends with a block, whichever way the block is left: by returning, by throwing, or by
// throwing because its task was cancelled. What was armed before acts again afterwards.

extension FailpointRegistry {
    /// Arms `point` while `body` runs.
    ///
    /// - Throws: `FailpointError` before `body` runs, then what `body` throws.
    public func withFailpoint<Value>(
        _ point: some Failpoint,
        _ program: FailpointProgram,
        _ body: () throws -> Value
    ) throws -> Value {
        let guardID = try push(point.rawValue, program)
        defer { pop(point.rawValue, guardID) }
        return try body()
    }

    /// Arms `point` while `body` runs.
    ///
    /// - Throws: `FailpointError` before `body` runs, then what `body` throws.
    public func withFailpoint<Value>(
        _ point: some Failpoint,
        _ program: FailpointProgram,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let guardID = try push(point.rawValue, program)
        defer { pop(point.rawValue, guardID) }
        return try await body()
    }

    /// Makes this the task-local scope while `body` runs, then calls `finish()`.
    ///
    /// Child tasks and `runOnThread(_:)` inherit it; detached tasks and other threads do not.
    ///
    /// - Throws: what `body` throws, or else `.incomplete`.
    public func withTaskScope<Value>(_ body: () throws -> Value) throws -> Value {
        #if Failpoints
        let value: Value
        do {
            value = try TaskScope.$core.withValue(core, operation: body)
        } catch {
            core.abandon()
            throw error
        }
        try finish()
        return value
        #else
        try body()
        #endif
    }

    /// Makes this the task-local scope while `body` runs, then calls `finish()`.
    ///
    /// Child tasks and `runOnThread(_:)` inherit it; detached tasks and other threads do not.
    ///
    /// - Throws: what `body` throws, or else `.incomplete`.
    public func withTaskScope<Value>(_ body: () async throws -> Value) async throws -> Value {
        #if Failpoints
        let value: Value
        do {
            value = try await TaskScope.$core.withValue(core, operation: body)
        } catch {
            core.abandon()
            throw error
        }
        try finish()
        return value
        #else
        try await body()
        #endif
    }
}

/// What a sweep did.
public struct FailpointSweep: Sendable, Equatable {
    /// The arrivals that were made to fail, in order.
    public let failed: [FailpointHit]
    /// The places of the catalog that the workload never reaches.
    public let unreached: [String]
}

/// Makes every arrival of a workload fail in turn: at each place the first, the second, and so on
/// until the place is not reached that often.
///
/// - Parameters:
///   - catalog: the places.
///   - action: what happens there.
///   - persistent: whether it goes on happening at every later arrival at the same place.
///   - runsMax: how many runs one place may take.
///   - makeRegistry: gives each run its own registry.
///   - workload: starts from scratch each time and hands the registry to the work. Its first run
///     meets no fault.
///   - check: looks at what is left after a fault; gets the arrival and the workload's error.
/// - Returns: what failed and what was never reached.
/// - Throws: `.sweepTooLong`, `.incomplete`, `.compiledOut`, an error of a run without a fault, or
///   what `check` throws.
@discardableResult
public func forEachHit<Catalog: Failpoint>(
    of catalog: Catalog.Type,
    action: FailpointAction = .error,
    persistent: Bool = false,
    runsMax: Int = 10_000,
    makeRegistry: () -> FailpointRegistry = { FailpointRegistry() },
    workload: (FailpointRegistry) async throws -> Void,
    check: (FailpointHit, (any Error)?) async throws -> Void
) async throws -> FailpointSweep {
    guard FailpointRegistry.isCompiledIn else { throw FailpointError.compiledOut }
    let counting = makeRegistry()
    try await workload(counting)
    try counting.finish()
    var failed: [FailpointHit] = []
    for point in catalog.allCases where counting.hitCount(point) > 0 {
        var number = 1
        while true {
            guard number <= runsMax else {
                throw FailpointError.sweepTooLong(point: point.rawValue, runs: runsMax)
            }
            let registry = makeRegistry()
            try registry.arm(
                point,
                persistent ? .from(number, action) : .nth(number, action)
            )
            var failure: (any Error)?
            do { try await workload(registry) } catch { failure = error }
            guard registry.firedCount(point) > 0 else {
                if let failure { throw failure }
                break
            }
            try registry.finish()
            let hit = FailpointHit(point: point.rawValue, number: number)
            failed.append(hit)
            try await check(hit, failure)
            number += 1
        }
    }
    let unreached = catalog.allCases.filter { counting.hitCount($0) == 0 }.map(\.rawValue)
    return FailpointSweep(failed: failed, unreached: unreached)
}
