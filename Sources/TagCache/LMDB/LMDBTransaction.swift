// What can be done inside a transaction of an `LMDBEnvironment`.
import CLMDB
import Failpoints

#if canImport(Glibc)
import Glibc
#endif

/// The tables of an environment.
enum LMDBTable: CaseIterable {
    case entries, tags, meta

    var name: String { "\(self)" }
}

/// The tables' numbers.
struct LMDBTableNumbers: Sendable, Equatable {
    var entries: MDB_dbi = 0
    var tags: MDB_dbi = 0
    var meta: MDB_dbi = 0

    subscript(table: LMDBTable) -> MDB_dbi {
        get {
            switch table {
            case .entries: entries
            case .tags: tags
            case .meta: meta
            }
        }
        set {
            switch table {
            case .entries: entries = newValue
            case .tags: tags = newValue
            case .meta: meta = newValue
            }
        }
    }
}

/// A running transaction; not to be kept beyond the call that handed it out.
struct LMDBTransaction {
    let handle: OpaquePointer
    let tables: LMDBTableNumbers
    let failpoints: FailpointRegistry

    /// Calls `body` with the bytes under `key`, which are valid during the call only.
    func get<Result>(
        _ table: LMDBTable,
        _ key: [UInt8],
        _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(LMDBFailure) -> Result {
        var value = MDB_val()
        let code = withValue(key) { mdb_get(handle, tables[table], &$0, &value) }
        if code == MDB_NOTFOUND { return body(nil) }
        try LMDBEnvironment.check(code)
        return body(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
    }

    func put(_ table: LMDBTable, _ key: [UInt8], _ bytes: [UInt8]) throws(LMDBFailure) {
        try failpoints.reach(.writeStep)
        let code = withValue(key) { key in
            withValue(bytes) { mdb_put(handle, tables[table], &key, &$0, 0) }
        }
        try LMDBEnvironment.check(code)
    }

    /// Removes what is under `key`; whether there was anything.
    @discardableResult
    func delete(_ table: LMDBTable, _ key: [UInt8]) throws(LMDBFailure) -> Bool {
        try failpoints.reach(.writeStep)
        let code = withValue(key) { mdb_del(handle, tables[table], &$0, nil) }
        if code == MDB_NOTFOUND { return false }
        try LMDBEnvironment.check(code)
        return true
    }

    func removeAll(_ table: LMDBTable) throws(LMDBFailure) {
        try failpoints.reach(.writeStep)
        try LMDBEnvironment.check(mdb_drop(handle, tables[table], 0))
    }

    /// Goes through a table in key order from `start`, as long as `body` returns true.
    func scan(
        _ table: LMDBTable,
        from start: [UInt8] = [],
        _ body: (_ key: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool
    ) throws(LMDBFailure) {
        var opened: OpaquePointer?
        try LMDBEnvironment.check(mdb_cursor_open(handle, tables[table], &opened))
        guard let cursor = opened else { throw LMDBFailure(code: ENOMEM) }
        defer { mdb_cursor_close(cursor) }
        var key = MDB_val()
        var value = MDB_val()
        var code: Int32
        if start.isEmpty {
            code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)
        } else {
            code = withValue(start) { place in
                let code = mdb_cursor_get(cursor, &place, &value, MDB_SET_RANGE)
                key = place
                return code
            }
        }
        while code == MDB_SUCCESS {
            let keyBytes = [UInt8](UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size))
            let bytes = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
            if !body(keyBytes, bytes) { return }
            code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
        }
        if code != MDB_NOTFOUND { try LMDBEnvironment.check(code) }
    }

    /// Lends bytes to LMDB, which reads them only.
    private func withValue<Result>(_ bytes: [UInt8], _ body: (inout MDB_val) -> Result) -> Result {
        bytes.withUnsafeBytes { buffer in
            var value = MDB_val(
                mv_size: buffer.count,
                mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            )
            return body(&value)
        }
    }
}
