import Crypto
import Hummingbird
import OTLP
import Synchronization
import TagCache
import Telemetry

/// An answer with all its bytes, as it is kept.
struct Answer: Sendable {
    /// Packed if the key says so and it is worthwhile.
    let response: WholeAnswer
    /// Weak, since it is the same for the packed form.
    let entityTag: String
    let made = ContinuousClock.now

    /// An answer of JSON.
    init(_ json: [UInt8], isPacked: Bool) {
        var digest = SHA256()
        json.withUnsafeBytes { digest.update(bufferPointer: $0) }
        let hex = digest.finalize().prefix(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        entityTag = "W/\"\(hex.joined())\""
        response = WholeAnswer(
            packing: json,
            contentType: "application/json",
            acceptEncoding: isPacked ? "gzip" : nil
        )
    }
}

/// Answers to questions that were asked before, forgotten when what they depend on changes.
///
/// A commit makes stale whatever it touched before its sender is told, so an answer never hides
/// what was acknowledged before it was asked for. However many ask the same at once, one scan
/// answers them.
final class AnswerCache: CommitObserver {
    /// A question.
    struct Key: Hashable, Sendable {
        var space: String
        /// The path and query of the request.
        var target: String
        var isPacked: Bool
    }

    private struct Space {
        let all: HeldTag
        var traces: [HeldTag]
        var services: Set<String> = []
    }

    private let cache: TagCache<Key, Answer>
    private let spaces = Mutex<[String: Space]>([:])

    /// Services with spans that are told from new ones, by space; above this all are taken for new.
    private static let servicesMax = 10_000

    /// A cache of at most `byteLimit` bytes.
    init(byteLimit: Int) {
        var configuration = TagCacheConfiguration<Key, Answer>(byteLimit: byteLimit) {
            $0.target.utf8.count + $0.space.utf8.count + $1.response.body.count + 256
        }
        // A scan cannot be stopped half way, so its answer may as well be kept.
        configuration.abandonedLoad = .finish
        cache = TagCache(configuration)
    }

    /// What the cache has done, and holds.
    var statistics: TagCacheStatistics { cache.stats }

    /// The answer to a question, from the cache or from `load`.
    ///
    /// - Parameters:
    ///   - key: the question.
    ///   - tags: what the answer depends on, as far as that is known before.
    ///   - load: works the answer out, and says what else it depends on.
    /// - Returns: an answer that holds everything acknowledged before it was asked for.
    /// - Throws: what `load` threw, or `TagCacheError.waitTimedOut`.
    func answer(
        _ key: Key,
        tags: [String],
        load: @escaping @Sendable () async throws -> (Answer, dependsOn: [String])
    ) async throws -> Answer {
        let tags = Set(tags)
        guard tags.count <= TagCacheLimits.tagsPerEntryMax else { return try await load().0 }
        do {
            return try await cache.value(for: key, tags: Array(tags)) {
                let (answer, found) = try await load()
                // An answer that depends on too much is told, and not kept.
                try CacheDependencies.add(found)
                return answer
            }
        } catch TagCacheError.contended {
            // What it depends on changes faster than it can be worked out.
            return try await load().0
        }
    }

    // MARK: - What changed

    func committed(_ touched: [TouchedTelemetry]) {
        var names: Set<String> = []
        spaces.withLock { spaces in
            for batch in touched {
                names.insert(AnswerTag.all(batch.signal, in: batch.space))
                let space = known(batch.space, &spaces)
                var services = space.services
                for service in batch.services {
                    names.insert(AnswerTag.service(service, batch.signal, in: batch.space))
                    // The services that are listed are those with spans.
                    guard batch.signal == .traces else { continue }
                    if services.count >= Self.servicesMax || services.insert(service).inserted {
                        names.insert(AnswerTag.names(in: batch.space))
                    }
                }
                if services.count != space.services.count {
                    spaces[batch.space]?.services = services
                }
                batch.traces.forEach { cache.invalidateInMemory(space.traces[$0]) }
            }
        }
        forget(names)
    }

    func changed(space: String) {
        let tag = spaces.withLock { spaces in
            let tag = known(space, &spaces).all
            // One of them may be gone: it is new again when it sends the next span.
            spaces[space]?.services = []
            return tag
        }
        cache.invalidateInMemory(tag)
    }

    /// What is known of a space, whose tags are held from then on.
    private func known(_ name: String, _ spaces: inout [String: Space]) -> Space {
        if let space = spaces[name] { return space }
        let space = Space(
            all: hold(AnswerTag.space(name)),
            traces: (0..<TraceBuckets.count).map { hold(AnswerTag.trace(bucket: $0, in: name)) }
        )
        spaces[name] = space
        return space
    }

    private func hold(_ tag: String) -> HeldTag {
        do { return try cache.hold(tag) } catch { preconditionFailure("\(tag): \(error)") }
    }

    private func forget(_ names: Set<String>) {
        do {
            try cache.invalidateInMemory(names)
        } catch {
            preconditionFailure("tags are made of words: \(error)")
        }
    }
}
