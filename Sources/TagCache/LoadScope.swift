public import Synchronization

/// Where code that runs inside a load says what the loaded value depends on.
public enum CacheDependencies {
    /// Adds `tags` to every value whose load is running in this task or above it; outside a load it
    /// does nothing but check the tags.
    ///
    /// A value with more than `TagCacheLimits.tagsPerEntryMax` tags in the end is given to whoever
    /// asked, and not kept.
    /// - Throws: `TagCacheError.invalidTag`; then no tag was added.
    public static func add(_ tags: String...) throws(TagCacheError) { try add(tags) }

    /// Adds `tags` as the variadic form does.
    public static func add(_ tags: [String]) throws(TagCacheError) {
        try TagName.validate(each: tags)
        LoadScope.current?.add(tags)
    }
}

/// One running load as the code inside it sees it: it gathers tags.
@usableFromInline
final class LoadScope: Sendable {
    @TaskLocal static var current: LoadScope?
    /// How many loads run in the process; cheaper to look at than `current`.
    // Unsafe only in name: an atomic number that is never freed.
    @usableFromInline nonisolated(unsafe) static let running: UnsafeMutablePointer<Atomic<Int>> = {
        let counter = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 1)
        counter.initialize(to: Atomic(0))
        return counter
    }()

    /// The load's number, unique in the process.
    let flight: UInt64
    private let tags = Mutex<Set<String>>([])

    init(flight: UInt64) {
        self.flight = flight
        Self.running.pointee.wrappingAdd(1, ordering: .relaxed)
    }

    deinit { Self.running.pointee.wrappingSubtract(1, ordering: .relaxed) }

    /// Whether the caller runs inside a load.
    @usableFromInline static var isInside: Bool {
        running.pointee.load(ordering: .relaxed) != 0 && current != nil
    }

    func add(_ names: [String]) {
        if names.isEmpty { return }
        tags.withLock { $0.formUnion(names) }
    }

    var names: [String] { tags.withLock { Array($0) } }
}

/// Which loads wait for which, so that a circle is refused instead of waited for.
enum WaitGraph {
    private static let edges = Mutex<[UInt64: [UInt64]]>([:])

    /// Notes that load `waiter` waits for load `target`; false, and nothing noted, if `target`
    /// already waits for `waiter`.
    static func add(_ waiter: UInt64, waitsFor target: UInt64) -> Bool {
        edges.withLock { edges in
            var open = [target]
            var seen: Set<UInt64> = []
            while let load = open.popLast() {
                if load == waiter { return false }
                if seen.insert(load).inserted, let next = edges[load] { open += next }
            }
            edges[waiter, default: []].append(target)
            return true
        }
    }

    /// Takes back one note.
    static func remove(_ waiter: UInt64, waitsFor target: UInt64) {
        edges.withLock { edges in
            guard var targets = edges[waiter],
                let position = targets.firstIndex(of: target)
            else { return }
            targets.remove(at: position)
            edges[waiter] = targets.isEmpty ? nil : targets
        }
    }
}
