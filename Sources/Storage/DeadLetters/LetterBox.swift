import Synchronization

// The dead letters of one store.
//
// keep: put-if-absent of the letter, durable before the manifest that folds its LSN. A letter that is there already
// is the same letter: somebody crashed between the two.
// settled: a manifest says that the rows are in its version (replayed) or that the batch was applied after all. The
// object of a settled letter is garbage: nobody sees it, and it is deleted once the manifest before the newest says so
// too, because one damaged manifest may be stepped over.
// A letter that does not read back is moved to <id>.letter.damaged and named in `problems`; it stops nothing.
// Attempts that do not read back are named there, too: the letter waits for a person, as after its last attempt.

/// One dead letter as it is listed.
package struct DeadLetterInfo: Sendable {
    package let id: DeadLetterID
    package let space: String
    /// What the payload is; its meaning belongs to the module that wrote it.
    package let kind: UInt8
    /// When it became a letter, Unix nanoseconds.
    package let since: UInt64
    /// Bytes of the letter on disk.
    package let bytes: Int
    package internal(set) var attempts: DeadLetterAttempts
    /// Why it could not be applied: at first, or at the last attempt.
    package var error: String { attempts.lastError ?? reason }

    let reason: String
    var isSettled = false
}

/// Keeps, lists and deletes letters.
///
/// What is done to one letter is ordered by the maintenance lock of its space.
final class LetterBox: Sendable {
    private struct State {
        var letters: [DeadLetterID: DeadLetterInfo] = [:]
        /// Letters that are there and could not be read: nothing is known of them.
        var unread: Set<DeadLetterID> = []
        var problems: [String] = []
        /// Bytes of letters that are not settled.
        var bytes = 0
        var count = 0

        mutating func recount() {
            let open = letters.values.filter { !$0.isSettled }
            (count, bytes) = (open.count, open.reduce(0) { $0 + $1.bytes })
        }
    }

    private let environment: Environment
    private let store: any ObjectStore
    private let storeID: String
    private let state = Mutex(State())

    /// Reads what is in the store.
    ///
    /// - Throws: when the letters cannot be listed; a letter that cannot be read is a problem, not an error.
    init(
        environment: Environment,
        store: any ObjectStore,
        storeID: String
    ) throws(StorageError) {
        self.environment = environment
        self.store = store
        self.storeID = storeID
        let objects = try store.list(DeadLetterID.folder)
        let keys = Set(objects.map(\.key))
        for object in objects {
            if object.key.hasSuffix(".attempts"),
                !keys.contains(object.key.dropLast(9) + ".letter")
            {
                // Its letter is gone; if this fails, the next start does it.
                try? store.delete(object.key)
            }
            guard let id = Self.id(object.key) else { continue }
            do throws(StorageError) {
                guard let bytes = try store.get(object.key),
                    let letter = try sound(id, bytes)
                else { continue }
                try add(letter, bytes.count)
            } catch {
                state.withLock { state in
                    state.unread.insert(id)
                    state.problems.append("dead letter \(id) cannot be read: \(error.message)")
                }
            }
        }
    }

    /// The id in a letter's key, or nil when the key is not a letter's.
    static func id(_ key: String) -> DeadLetterID? {
        guard key.hasPrefix(DeadLetterID.folder), key.hasSuffix(".letter") else { return nil }
        return DeadLetterID(String(key.dropFirst(DeadLetterID.folder.count).dropLast(7)))
    }

    // MARK: - What there is

    /// Letters that wait, by id; the oldest batch first.
    var open: [DeadLetterInfo] {
        state.withLock { $0.letters.values.filter { !$0.isSettled } }.sorted { $0.id < $1.id }
    }

    /// How many letters wait, and their bytes.
    var figures: (count: Int, bytes: Int) { state.withLock { ($0.count, $0.bytes) } }

    /// What was found damaged, a sentence each.
    var problems: [String] { state.withLock { $0.problems } }

    /// The letter, settled or not.
    func info(_ id: DeadLetterID) -> DeadLetterInfo? { state.withLock { $0.letters[id] } }

    /// Whether the store has an object of that name.
    func holds(_ id: DeadLetterID) -> Bool {
        state.withLock { $0.letters[id] != nil || $0.unread.contains(id) }
    }

    /// Bytes that `letters` add to what is kept.
    func newBytes(_ letters: [DeadLetter]) -> Int {
        letters.reduce(0) { sum, letter in
            holds(letter.id) ? sum : sum + letter.encoded(storeID: storeID).count
        }
    }

    /// Reads a letter whole.
    ///
    /// - Parameters:
    ///   - id: which one.
    ///   - setsAside: whether a damaged one is set aside, which takes the maintenance lock of its space: a flush may just
    ///     be writing it anew.
    /// - Returns: nil when there is none, as after a discard that failed and was done nevertheless.
    /// - Throws: `.restore` when it is damaged.
    func read(_ id: DeadLetterID, setsAside: Bool) throws(StorageError) -> DeadLetter? {
        guard let bytes = try store.get(id.letterKey) else {
            forget(id)
            return nil
        }
        do throws(StorageError) {
            return try DeadLetter.decode(bytes, id: id, storeID: storeID)
        } catch {
            guard error.code == .restore, setsAside else { throw error }
            try setAside(id, bytes, error)
            throw error
        }
    }

    // MARK: - Changes

    /// Makes a letter durable; one of that id that is there already is the same.
    ///
    /// - Throws: nothing was kept; try again.
    func keep(_ letter: DeadLetter) throws(StorageError) {
        let bytes = letter.encoded(storeID: storeID)
        for _ in 0..<2 {
            try environment.reach(.letterPutPre)
            switch try store.put(letter.id.letterKey, bytes, .ifAbsent) {
            case .created:
                try environment.reach(.letterPutPost)
                return try add(letter, bytes.count)
            case .exists, .conflict, .unknown: break
            }
            guard let found = try store.get(letter.id.letterKey) else { continue }
            if let same = try sound(letter.id, found) { return try add(same, found.count) }
        }
        throw StorageError(
            .retry,
            "dead letter \(letter.id) could not be written",
            remedy: "it is tried again; if this repeats, check the disk"
        )
    }

    /// Makes the attempts of a letter durable.
    func record(_ attempts: DeadLetterAttempts, _ id: DeadLetterID) throws(StorageError) {
        try environment.reach(.letterAttemptPre)
        try store.replace(id.attemptsKey, attempts.encoded())
        try environment.reach(.letterAttemptPost)
        state.withLock { $0.letters[id]?.attempts = attempts }
    }

    /// Puts the next automatic replay off, in memory only, unless there is none.
    func postpone(_ id: DeadLetterID, to time: UInt64) {
        state.withLock { state in
            if state.letters[id]?.attempts.nextAt != nil {
                state.letters[id]?.attempts.nextAt = time
            }
        }
    }

    /// Deletes a letter durably.
    ///
    /// - Throws: it may or may not be gone; `.stop` when nobody can tell whether that is durable.
    func remove(_ id: DeadLetterID) throws(StorageError) {
        try store.deleteDurably(id.letterKey)
        forget(id)
        // Attempts without a letter mean nothing.
        try? store.delete(id.attemptsKey)
    }

    /// Hides letters whose settlement is durable.
    func settle(_ ids: Set<DeadLetterID>) {
        state.withLock { state in
            for id in ids { state.letters[id]?.isSettled = true }
            state.recount()
        }
    }

    // MARK: - Parts

    /// The letter in `bytes`, or nil when it is damaged, and then it has been set aside.
    private func sound(_ id: DeadLetterID, _ bytes: [UInt8]) throws(StorageError) -> DeadLetter? {
        do throws(StorageError) {
            return try DeadLetter.decode(bytes, id: id, storeID: storeID)
        } catch {
            guard error.code == .restore else { throw error }
            try setAside(id, bytes, error)
            return nil
        }
    }

    /// - Throws: when its attempts cannot be read: to begin them anew would give it more than the limit.
    private func add(_ letter: DeadLetter, _ bytes: Int) throws(StorageError) {
        var attempts = DeadLetterAttempts()
        var problem: String?
        if let found = try store.get(letter.id.attemptsKey) {
            if let known = DeadLetterAttempts.decode(found) {
                attempts = known
            } else {
                let loss = "how often its replay failed is not known: it is replayed by hand only"
                attempts.lastError = "\(letter.reason); \(loss)"
                problem = "\(letter.id.attemptsKey) is damaged; \(loss)"
            }
        } else {
            attempts.nextAt = letter.since &+ DeadLetterAttempts.delay(after: 0)
        }
        let info = DeadLetterInfo(
            id: letter.id,
            space: letter.record.space,
            kind: letter.record.kind,
            since: letter.since,
            bytes: bytes,
            attempts: attempts,
            reason: letter.reason
        )
        state.withLock { state in
            if state.letters[letter.id] == nil {
                state.letters[letter.id] = info
                if let problem { state.problems.append(problem) }
            }
            state.unread.remove(letter.id)
            state.recount()
        }
    }

    private func forget(_ id: DeadLetterID) {
        state.withLock { state in
            state.letters[id] = nil
            state.recount()
        }
    }

    private func setAside(
        _ id: DeadLetterID,
        _ bytes: [UInt8],
        _ why: StorageError
    ) throws(StorageError) {
        try environment.reach(.letterSetAsidePre)
        try store.replace(id.damagedKey, bytes)
        try environment.reach(.letterSetAsidePost)
        try store.deleteDurably(id.letterKey)
        forget(id)
        state.withLock { $0.problems.append(why.message) }
    }
}
