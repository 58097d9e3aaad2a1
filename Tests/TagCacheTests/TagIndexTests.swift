import Testing

@testable import TagCache

struct TagIndexTests {
    @Test(arguments: ["a", "a:b:c", "A_1:z", "a:", ":", String(repeating: "x", count: 256)])
    func acceptsWhatTheGrammarAllows(tag: String) throws {
        try TagName.validate(tag)
    }

    @Test(arguments: [
        ("", InvalidTag.Reason.empty), ("a b", .badCharacter), ("a.b", .badCharacter),
        ("a*", .badCharacter), ("ä", .badCharacter), ("a\n", .badCharacter),
        ("a\0", .badCharacter), (String(repeating: "x", count: 257), .tooLong),
        (String(repeating: "a:", count: 16), .tooDeep),
    ])
    func refusesEverythingElse(tag: String, reason: InvalidTag.Reason) {
        #expect(throws: InvalidTag(tag: tag, reason: reason).prefixed) {
            try TagName.validate(tag)
        }
    }

    @Test func anInvalidationReachesWhatIsBelowAndNothingElse() throws {
        let index = TagIndex()
        let stamp = index.epoch
        let ids = try ["a", "a:b", "a:b:c", "ab", "b", "a:bc"].map(index.retain)
        index.invalidate(ids[1])
        let current = ids.map { index.isCurrent($0, since: stamp) }
        #expect(current == [true, false, false, true, true, true])
        #expect(ids.allSatisfy { index.isCurrent($0, since: index.epoch) })
    }

    @Test func aPartitionAndEverythingCanBeInvalidatedAtOnce() throws {
        let index = TagIndex()
        let one = try index.retain("first:x")
        let other = try index.retain(tagOfAnotherPartition(than: "first"))
        let stamp = index.epoch
        index.invalidate(partition: TagName.partition(of: "first"))
        #expect(!index.isCurrent(one, since: stamp))
        #expect(index.isCurrent(other, since: stamp))
        index.invalidateAll()
        #expect(!index.isCurrent(other, since: stamp))
    }

    @Test func aForgottenTagStaysInvalidated() throws {
        let index = TagIndex()
        let stamp = index.epoch
        let id = try index.retain("gone:x")
        index.invalidate(id)
        index.release(id)
        #expect(index.sweep() == 2)
        #expect(index.count == 0)
        #expect(!index.isCurrent(try index.retain("gone:x"), since: stamp))
    }

    @Test func forgettingTagsThatWereNeverInvalidatedMakesNothingStale() throws {
        let index = TagIndex()
        let kept = try index.retain("kept")
        for number in 0..<100 { index.release(try index.retain("n:\(number)")) }
        let stamp = index.epoch
        #expect(index.sweep() == 101)
        #expect(index.isCurrent(kept, since: stamp))
        #expect(index.isCurrent(try index.retain("n:5"), since: stamp))
    }

    /// Against a model that forgets nothing: what the model calls stale, the index calls stale.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func forgettingNeverResurrects(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let index = TagIndex()
        var invalidated: [String: UInt64] = [:]
        var entries: [(tag: String, id: UInt32, stamp: UInt64)] = []
        for _ in 0..<600 {
            let depth = 1 + generator.below(3)
            let tag = (0..<depth).map { _ in "\(generator.below(4))" }.joined(separator: ":")
            switch generator.below(6) {
            case 0, 1: entries.append((tag, try index.retain(tag), index.epoch))
            case 2:
                let id = try index.retain(tag)
                invalidated[tag] = index.invalidate(id)
                index.release(id)
            case 3 where !entries.isEmpty:
                index.release(entries.remove(at: generator.below(entries.count)).id)
            case 4: index.sweep()
            default:
                for entry in entries {
                    let isStale = invalidated.contains { tag, version in
                        version > entry.stamp
                            && (entry.tag == tag || entry.tag.hasPrefix(tag + ":"))
                    }
                    if isStale {
                        #expect(!index.isCurrent(entry.id, since: entry.stamp), "seed \(seed)")
                    }
                }
            }
        }
    }

    @Test func manyTagsGetDifferentNumbersAndKeepTheirNames() throws {
        let index = TagIndex()
        let names = (0..<20_000).map { "t:\($0)" }
        let ids = try names.map(index.retain)
        #expect(Set(ids).count == names.count)
        #expect(zip(names, ids).allSatisfy { index.name(of: $1) == $0 })
    }
}

extension InvalidTag {
    /// The error carries at most a tag's length of the text.
    fileprivate var prefixed: InvalidTag {
        InvalidTag(tag: String(tag.prefix(TagCacheLimits.tagByteCountMax)), reason: reason)
    }
}
