import Synchronization

/// What a cache is compared with: a dictionary behind a lock that keeps everything.
final class Baseline<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let values = Mutex<[Key: Value]>([:])

    func get(_ key: Key) -> Value? { values.withLock { $0[key] } }

    func set(_ value: Value, for key: Key) { values.withLock { $0[key] = value } }
}

/// A value that is passed by reference, as cached answers are.
final class Payload: Sendable {
    let number: Int

    init(_ number: Int) { self.number = number }
}
