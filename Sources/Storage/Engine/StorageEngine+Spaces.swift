import Synchronization

extension StorageEngine {
    /// Makes a space, durably.
    ///
    /// - Throws: `.fixRequest` when the name is taken or not allowed; `.stop` when nobody can tell whether
    ///   the space was made, or another process has taken over: nothing is appended from then on.
    package func createSpace(_ name: String) throws(StorageError) {
        guard Self.isValidSpaceName(name) else {
            throw StorageError(
                .fixRequest,
                "\(name) is not a name for a space",
                remedy: "use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit"
            )
        }
        // Before anybody can have seen the space: what it is folded to must hold nothing of its own. And the others, which
        // go on meanwhile, must not take the journal behind it away.
        let beginning = journal.withLock { journal in
            let lastLSN = journal.lastLSN
            return state.withLock { state -> (attempt: UInt64, lsn: UInt64)? in
                guard state.spaces[name] == nil else { return nil }
                let attempt = state.nextBeginning
                state.nextBeginning += 1
                state.beginnings[attempt] = lastLSN
                return (attempt, lastLSN)
            }
        }
        guard let beginning else {
            throw StorageError(
                .fixRequest,
                "space \(name) exists already",
                remedy: "choose another name"
            )
        }
        let door = CommitDoor(
            environment: environment,
            limits: limits,
            store: store,
            storeID: storeID,
            epoch: epoch,
            newest: Self.emptyVersion(name, storeID),
            schema: catalog.schemaIDs
        )
        var change = SpaceChange(operation: "create")
        change.foldedLSN = beginning.lsn
        change.foldsAtLeast = true
        let version: SpaceVersion
        do throws(StorageError) {
            // A space made by a process that was replaced would begin before what the journal still holds.
            try fence.check()
            version = try door.commit(change)
        } catch {
            // The door goes with the space, so what it has stopped for would be forgotten; and the space may be there.
            if error.code == .stop {
                stopAppending()
            } else {
                state.withLock { $0.beginnings[beginning.attempt] = nil }
            }
            throw error
        }
        state.withLock { state in
            state.beginnings[beginning.attempt] = nil
            guard state.spaces[name] == nil else { return }
            state.spaces[name] = SpaceState(
                space: Space(name: name, door: door),
                version: version,
                previousFoldedLSN: version.foldedLSN,
                active: Memtable(tables: catalog.count)
            )
        }
    }

    /// Whether `name` may be a space: it is a directory name and a header value.
    package static func isValidSpaceName(_ name: String) -> Bool {
        guard (1...63).contains(name.utf8.count), let first = name.utf8.first else { return false }
        let isAlphanumeric = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isAlphanumeric(first)
            && name.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }
}
