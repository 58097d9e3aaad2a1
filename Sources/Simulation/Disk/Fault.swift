// What can go wrong at one call of a file system.

/// A call that a file system is asked for.
package enum FileOperation: String, CaseIterable, Sendable {
    case open, create, makeDirectory, syncDirectory, list, link, rename, remove, byteCount, space
    case lock, write, read, sync, size
}

/// What happens at the call a fault is set for.
package enum FaultKind: String, CaseIterable, Sendable {
    /// The call does nothing and fails with EIO; a failed sync loses what it should have written.
    case inputOutput
    /// As `inputOutput`, with ENOSPC, for calls that take room.
    case noSpace
    /// Opening a file or a directory fails with EMFILE, to sync it, too.
    case tooManyFiles
    /// A call that is not repeated by itself does nothing and fails with EINTR.
    case interrupted
    /// A write takes only some of the bytes, and says so.
    case shortWrite
    /// A read returns only some of the bytes.
    case shortRead
    /// The call does all it was asked for and fails with EIO nevertheless.
    case doneButFailed
    /// The process is killed: what it wrote stays visible and is not yet durable.
    case kill
    /// Power is lost: nothing that was not synced survives.
    case powerLossLosing
    /// Power is lost: everything survives although it was not synced.
    case powerLossKeeping
    /// Power is lost: any of the sectors, sizes and names that were not synced survive.
    case powerLossTearing

    /// Whether the process does not outlive the fault.
    package var isCrash: Bool { crash != nil || self == .kill }

    /// What a loss of power leaves, if this is one.
    var crash: CrashStyle? {
        switch self {
        case .powerLossLosing: .losing
        case .powerLossKeeping: .keeping
        case .powerLossTearing: .tearing
        default: nil
        }
    }

    /// Whether the fault can happen at a call of this kind.
    package func applies(to operation: FileOperation) -> Bool {
        switch self {
        case .inputOutput: true
        case .noSpace:
            switch operation {
            case .create, .makeDirectory, .link, .rename, .write, .sync, .syncDirectory: true
            default: false
            }
        case .tooManyFiles:
            switch operation {
            case .open, .create, .lock, .list, .syncDirectory: true
            default: false
            }
        case .interrupted:
            // Opening, reading and writing go on after a signal, below this protocol.
            switch operation {
            case .makeDirectory, .link, .rename, .remove, .sync, .syncDirectory: true
            default: false
            }
        case .shortWrite: operation == .write
        case .shortRead: operation == .read
        case .doneButFailed, .kill, .powerLossLosing, .powerLossKeeping, .powerLossTearing:
            switch operation {
            case .create, .makeDirectory, .link, .rename, .remove, .write, .sync, .syncDirectory:
                true
            default: false
            }
        }
    }
}

/// What survives of that which was not synced when power is lost.
package enum CrashStyle: String, CaseIterable, Sendable {
    case losing, keeping, tearing
}

/// One fault: at the `call`-th call that it applies to, counted from when it is armed.
package struct Fault: Hashable, Sendable, CustomStringConvertible {
    package var kind: FaultKind
    /// 1 is the next call.
    package var call: Int
    /// At how many calls in a row it happens; a crash happens once.
    package var repeats: Int
    /// The only kind of call it happens at; nil for all that it applies to.
    package var only: FileOperation?
    /// What is in the name of every file or directory it happens to; nil for all.
    package var path: String?

    package init(
        _ kind: FaultKind,
        at call: Int,
        repeats: Int = 1,
        only operation: FileOperation? = nil,
        in path: String? = nil
    ) {
        self.kind = kind
        self.call = call
        self.repeats = repeats
        only = operation
        self.path = path
    }

    package var description: String {
        let place = path.map { " in \($0)" } ?? ""
        let count = repeats == 1 ? "" : "x\(repeats == .max ? "*" : "\(repeats)")"
        return "\(kind.rawValue)@\(call)" + (only.map { " \($0.rawValue)" } ?? "") + place + count
    }
}
