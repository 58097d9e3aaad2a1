import Dispatch
import Failpoints
import Foundation
import Synchronization
import Testing

@testable import TagCache

// Every step of the persistent tier and of the bus is made to fail, once and for good, and the
// process is killed at every step that writes. What must hold each time: a read never returns what
// an invalidation, a removal or a write that was answered has replaced; errors are typed; the cache
// can be opened again.

/// The error of an operation that may fail because a step was made to.
private func outcome(_ body: () async throws -> Void) async -> (any Error)? {
    do { try await body() } catch { return error }
    return nil
}

/// A cache with a memory of one entry, so that reads go to the file.
private func open(
    _ directory: String,
    _ failpoints: FailpointRegistry = FailpointRegistry()
) async throws -> TagCache<String, [UInt8]> {
    try await openCache(directory, entries: 1, failpoints: failpoints)
}

/// What a workload did, and what may be read after each step.
private struct Model {
    /// What may be read under a key; nothing may always be.
    var allowed: [String: Set<[UInt8]>] = [:]
    /// Keys of operations that failed: they need not hold after a restart, but do until then.
    var uncertain: Set<String> = []
    var errors: [TagCacheError] = []

    mutating func set(
        _ value: [UInt8],
        _ key: String,
        _ tag: String,
        _ cache: TagCache<String, [UInt8]>
    ) async {
        let failure = await outcome { try await cache.set(value, for: key, tags: [tag]) }
        note(failure)
        if failure != nil { uncertain.insert(key) }
        // Whether or not it reached the file, what was there before is gone.
        allowed[key] = [value]
    }

    mutating func drop(_ keys: [String], _ body: () async throws -> Void) async {
        let failure = await outcome(body)
        note(failure)
        if failure != nil { uncertain.formUnion(keys) }
        for key in keys { allowed[key] = [] }
    }

    mutating func restart() {
        for key in uncertain { allowed[key] = nil }
    }

    mutating func note(_ failure: (any Error)?) {
        guard let failure else { return }
        guard let error = failure as? TagCacheError else {
            Issue.record("not a typed error: \(failure)")
            return
        }
        errors.append(error)
    }

    mutating func check(_ cache: TagCache<String, [UInt8]>, _ when: String) {
        for (key, values) in allowed {
            do {
                if let value = try cache.get(key) {
                    #expect(values.contains(value), "\(when): \(key) is \(value)")
                }
            } catch {
                errors.append(error)
            }
        }
    }
}

/// Uses every operation, closes, opens again and looks.
private func workload(_ directory: String, _ failpoints: FailpointRegistry) async throws -> Model {
    var model = Model()
    // A file of another boot is dropped at first.
    try Data("open some-other-boot".utf8).write(to: URL(filePath: directory + "/state"))
    try Data("old".utf8).write(to: URL(filePath: directory + "/entries.mdb"))
    guard var cache = try await reopen(directory, failpoints, &model) else { return model }
    let bus = InProcessBus()
    cache.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
    let peer = makeCache()
    peer.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))

    for (number, key) in ["kept", "invalidated", "removed", "told", "rewritten"].enumerated() {
        await model.set([UInt8(number)], key, "t:\(key)", cache)
    }
    model.check(cache, "written")
    await model.drop(["invalidated"]) { try await cache.invalidate("t:invalidated") }
    await model.drop(["removed"]) { try await cache.remove("removed") }
    await model.set([9], "rewritten", "t:rewritten", cache)
    try await peer.invalidate("t:told")
    // A message that did not arrive shows at a heartbeat, unless none of them arrives either: a bus
    // has to notice that itself.
    try? await peer.tick()
    try? await peer.tick()
    if failpoints.firedCount(TagCacheFailpoint.busReceive) < 2 { model.allowed["told"] = [] }
    model.check(cache, "changed")
    model.note(await outcome { try await cache.prune() })
    model.check(cache, "pruned")
    model.note(await outcome { try await cache.close() })
    model.restart()

    guard let second = try await reopen(directory, failpoints, &model) else { return model }
    cache = second
    // What another node said is written in the background, and nobody is told if that fails: whoever
    // joins the bus again trusts nothing on disk.
    if !model.errors.isEmpty || failpoints.report.points.contains(where: { $0.fired > 0 }) {
        model.allowed["told"] = nil
    }
    model.check(cache, "opened again")
    await model.drop(Array(model.allowed.keys)) { try await cache.clear() }
    model.check(cache, "cleared")
    model.note(await outcome { try await cache.close() })
    return model
}

/// Opens; a step that fails once may make it fail once.
private func reopen(
    _ directory: String,
    _ failpoints: FailpointRegistry,
    _ model: inout Model
) async throws -> TagCache<String, [UInt8]>? {
    for _ in 0..<2 {
        do { return try await open(directory, failpoints) } catch {
            model.note(error)
        }
    }
    return nil
}

@Suite(.enabled(if: FailpointRegistry.isCompiledIn, "needs the trait Failpoints"))
struct TagCacheFailpointTests {
    @Test(
        arguments: [FailpointAction.errno(EIO), .errno(ENOSPC), .error("map-full")],
        [false, true]
    )
    func nothingStaleIsServedWhicheverStepFails(
        action: FailpointAction,
        isForGood: Bool
    )
        async throws
    {
        let sweep = try await forEachHit(
            of: TagCacheFailpoint.self,
            action: action,
            persistent: isForGood
        ) { failpoints in
            failpoints.knowTagCache()
            try await withDirectory { directory in
                let model = try await workload(directory, failpoints)
                if failpoints.report.points.allSatisfy({ $0.fired == 0 }) {
                    #expect(model.errors.isEmpty)
                }
                // The fault over, the directory can be used again.
                let cache = try await open(directory)
                try await cache.set([7], for: "after")
                #expect(try cache.get("after") == [7])
                try await cache.close()
            }
        } check: { hit, error in
            if let error { throw error }
        }
        // A full file is made room in only when it is full.
        #expect(Set(sweep.unreached).isSubset(of: ["cache.room.begin"]))
        #expect(sweep.failed.count > 40)
    }

    @Test func aFileThatIsFullAndCannotBeEmptiedIsATypedErrorOfTheWrite() async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            let cache = try await open(directory, failpoints)
            try await cache.set([1], for: "old", tags: ["t"])
            // Together with others first, then alone.
            try failpoints.arm(
                configuration: """
                    cache.write.step=2*error(map-full);cache.room.begin=2*errno(EIO)
                    """
            )
            await #expect(throws: TagCacheError.storage(code: EIO, message: "Input/output error")) {
                try await cache.set([2], for: "new")
            }
            try failpoints.finish()
            try await cache.close()
        }
    }

    /// What may not be lost takes the file with it, and its caller is told.
    @Test(arguments: ["invalidate", "remove", "clear"])
    func whatCannotBeWrittenDownHoldsAndIsATypedError(operation: String) async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            let cache = try await open(directory, failpoints)
            try await cache.set([1], for: "old", tags: ["t"])
            // Together with others first, then alone.
            try failpoints.arm(configuration: "cache.commit.pre=2*errno(ENOSPC)")
            await #expect(throws: TagCacheError.diskFull) {
                switch operation {
                case "invalidate": try await cache.invalidate("t")
                case "remove": try await cache.remove("old")
                default: try await cache.clear()
                }
            }
            #expect(try cache.get("old") == nil)
            #expect(cache.stats.persistent.rebuilds == 1)
            try failpoints.finish()
            try await cache.set([3], for: "later")
            try await cache.close()
            let again = try await open(directory)
            #expect(try again.get("old") == nil && again.get("later") == [3])
        }
    }

    @Test(arguments: ["invalidate", "clear"])
    func aFullDiskIsReportedEvenIfTheBusFailsToo(operation: String) async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            let cache = try await open(directory, failpoints)
            cache.connect(to: InProcessBus(), BusConfiguration(node: 1, incarnation: 1))
            try await cache.set([1], for: "old", tags: ["t"])
            try failpoints.arm(
                configuration: "cache.commit.pre=2*errno(ENOSPC);cache.bus.publish=1*errno(EIO)"
            )
            await #expect(throws: TagCacheError.diskFull) {
                switch operation {
                case "invalidate": try await cache.invalidate("t")
                default: try await cache.clear()
                }
            }
            #expect(try cache.get("old") == nil)
            try failpoints.finish()
            try await cache.close()
        }
    }

    /// Memory forgets what the file has forgotten, and not before.
    @Test func historyThatCannotBeForgottenStaysAndIsCounted() async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            var cache = try await open(directory, failpoints)
            let store = try #require(cache.persistent?.store)
            for number in 0..<10 { try await cache.invalidate("t:\(number)") }
            let errors = cache.stats.persistent.errors
            try failpoints.arm(configuration: "cache.commit.pre=1*errno(EIO)")
            store.dispatchQueue.sync { store.forgetOldestHalf() }
            #expect(store.writer.withLock { $0.history.count } == 10)
            #expect(cache.stats.persistent.errors == errors + 1)
            try failpoints.finish()
            store.dispatchQueue.sync { store.forgetOldestHalf() }
            #expect(store.writer.withLock { Set($0.history.keys) } == ["t:6", "t:7", "t:8", "t:9"])
            #expect(cache.stats.persistent.errors == errors + 1)
            try await cache.close()
            cache = try await open(directory)
            let history = cache.persistent?.store.writer.withLock { $0.history.count }
            #expect(history == 4)
            try await cache.close()
        }
    }

    /// The barrier at the end is what would mark it open, and fails.
    @Test func aFileThatSomebodyElseLeftOpenIsSyncedBeforeItIsMarkedClean() async throws {
        try await withDirectory { directory in
            let (left, next) = (directory + "/left", directory + "/next")
            let killed = try await open(left)
            try await killed.set([1], for: "a")
            try FileManager.default.createDirectory(
                atPath: next,
                withIntermediateDirectories: false
            )
            for name in ["/entries.mdb", "/state"] {
                try FileManager.default.copyItem(atPath: left + name, toPath: next + name)
            }
            try await killed.close()
            let failpoints = FailpointRegistry()
            var cache = try await open(next, failpoints)
            #expect(try cache.get("a") == [1])
            try failpoints.arm(configuration: "cache.mark.open=2*errno(EIO)")
            await #expect(throws: TagCacheError.storage(code: EIO, message: "Input/output error")) {
                try await cache.close()
            }
            let sync = failpoints.report.points.first { $0.name == "cache.close.sync" }
            #expect(sync?.hits == 1)
            try failpoints.finish()
            cache = try await open(next)
            #expect(try cache.get("a") == [1])
            try await cache.close()
        }
    }

    /// The writer has a thread of its own: while it stands still, whoever does not wait for the disk goes on.
    @Test func aCommitThatStandsStillHoldsUpNobodyElse() async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            let cache = try await open(directory, failpoints)
            try failpoints.arm(TagCacheFailpoint.commitPre, .nth(1, .pause))
            let written = Atomic<Int>.Box()
            let writers = (0..<64).map { number in
                Task {
                    try await cache.set([1], for: "key \(number)")
                    written.add()
                }
            }
            try await failpoints.waitUntilParked(at: TagCacheFailpoint.commitPre)
            // More tasks than the pool has threads wait, and others run.
            await eventually { (try? cache.get("key 63")) == [1] }
            #expect(try await cache.value(for: "other") { [2] } == [2])
            #expect(written.value == 0)
            failpoints.release(TagCacheFailpoint.commitPre)
            for writer in writers { try await writer.value }
            #expect(written.value == 64)
            try failpoints.finish()
            try await cache.close()
        }
    }

    @Test func aCommitThatFailsCountsNothing() async throws {
        try await withDirectory { directory in
            let failpoints = FailpointRegistry()
            let cache = try await open(directory, failpoints)
            try await cache.set([1], for: "old")
            let before = cache.stats.persistent
            #expect(before.entries == 1 && before.bytes > 0)
            // Together with others first, then alone.
            try failpoints.arm(configuration: "cache.commit.pre=2*errno(EIO)")
            await #expect(throws: TagCacheError.storage(code: EIO, message: "Input/output error")) {
                try await cache.set([2], for: "new")
            }
            let after = cache.stats.persistent
            #expect(after.entries == before.entries && after.bytes == before.bytes)
            #expect(after.errors == before.errors + 1)
            try failpoints.finish()
            try await cache.close()
            let again = try await open(directory)
            #expect(try again.get("old") == [1] && again.get("new") == nil)
            #expect(again.stats.persistent.entries == 1)
        }
    }

    @Test func aDamagedMessageIsCountedAndMissed() async throws {
        let failpoints = FailpointRegistry()
        let bus = InProcessBus()
        let receiver = makeCache { $0.failpoints = failpoints }
        let sender = makeCache()
        receiver.connect(to: bus, BusConfiguration(node: 1, incarnation: 1))
        sender.connect(to: bus, BusConfiguration(node: 2, incarnation: 1))
        try await receiver.set(1, for: "a", tags: ["t"])
        try failpoints.arm(TagCacheFailpoint.busReceive, .nth(1, .corrupt(bits: 3)))
        try await sender.invalidate("t")
        #expect(receiver.stats.bus.malformed == 1)
        #expect(try receiver.get("a") == 1)
        try await sender.tick()
        #expect(try receiver.get("a") == nil)
        try failpoints.finish()
    }

    /// The process dies at every step of writing; the next one finds what was answered.
    @Test(arguments: [
        TagCacheFailpoint.writeBegin, .writeStep, .commitPre, .commitPost, .closeSync, .closeMark,
        .markOpen, .openHistory,
    ])
    func whatWasAnsweredSurvivesTheDeathOfTheProcess(point: TagCacheFailpoint) async throws {
        try await withDirectory { directory in
            let name = point.rawValue
            // Twice: the first run dies in what it does first there, the second in what comes later.
            for arrival in [1, 4] {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [
                        directory = directory as String, name = name as String,
                        arrival = arrival as Int
                    ] in
                    let failpoints = FailpointRegistry()
                    let cache = try await victim(directory, failpoints, name, arrival)
                    try await cache.close()
                    // Places that are reached less often.
                    kill(getpid(), SIGKILL)
                }
                let log = (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? ""
                let cache = try await open(directory)
                if log.contains("set a") {
                    let value = try cache.get("a")
                    #expect(value == [1] || log.contains("invalidate a"), "\(name) \(log)")
                }
                if log.contains("invalidate a") {
                    #expect(try cache.get("a") == nil, "\(name) \(log)")
                }
                if log.contains("remove b") { #expect(try cache.get("b") == nil, "\(name) \(log)") }
                let statistics = cache.stats.persistent
                // A file is dropped only if nothing in it had been answered.
                #expect(statistics.rebuilds == 0 || log.isEmpty, "\(name) \(log)")
                let present = try ["a", "b", "c"].filter { try cache.get($0) != nil }
                #expect(statistics.entries >= present.count)
                try await cache.clear()
                try await cache.close()
                try? FileManager.default.removeItem(atPath: directory + "/log")
            }
        }
    }
}

/// Does what is to survive and notes what was answered; dies at the `arrival`-th arrival at a place.
private func victim(
    _ directory: String,
    _ failpoints: FailpointRegistry,
    _ point: String,
    _ arrival: Int
) async throws -> TagCache<String, [UInt8]> {
    let skipped = arrival > 1 ? "\(arrival - 1)*off->" : ""
    try failpoints.arm(configuration: "\(point)=\(skipped)kill")
    func answered(_ text: String) throws {
        let file = fopen(directory + "/log", "a")
        fputs(text + "\n", file)
        fclose(file)
    }
    let cache = try await open(directory, failpoints)
    try await cache.set([1], for: "a", tags: ["t:a"])
    try answered("set a")
    try await cache.set([2], for: "b", tags: ["t:b"])
    try answered("set b")
    try await cache.invalidate("t:a")
    try answered("invalidate a")
    try await cache.remove("b")
    try answered("remove b")
    try await cache.set([3], for: "c")
    return cache
}
