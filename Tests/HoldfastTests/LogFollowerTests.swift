import Foundation
import Testing

@testable import holdfast

/// Checks of `LogFollower` and of how records are read.
struct LogFollowerTests {
    private static let now: Int64 = 1_795_247_700_000_000_000

    /// Records of these seconds after `now`, newest first.
    private static func page(_ seconds: [Double]) throws -> [LogPage.Log] {
        let records = seconds.map { second in
            """
            {"timeUnixNano":"\(now + Int64(second * 1e9))","severityText":"INFO","severityNumber":9,
             "body":"b","service":"s","traceId":"","spanId":""}
            """
        }
        let text = "{\"logs\":[\(records.joined(separator: ","))],\"nextCursor\":null}"
        return try JSONDecoder().decode(LogPage.self, from: Data(text.utf8)).logs
    }

    private static func seconds(_ logs: [LogPage.Log]) -> [Double] {
        logs.map { Double($0.time - now) / 1e9 }
    }

    @Test func everyRecordIsShownOnce() throws {
        var follower = LogFollower(shown: try Self.page([-1, -2]), now: Self.now)
        #expect(
            Self.seconds(
                follower.take(try Self.page([0.5, -1, -2]), now: Self.now + 1_000_000_000)
            ) == [0.5]
        )
        #expect(follower.take(try Self.page([0.5, -1, -2]), now: Self.now + 2_000_000_000).isEmpty)
    }

    @Test func lateRecordsAreSeen() throws {
        var follower = LogFollower(shown: try Self.page([-1, -5]), now: Self.now)
        #expect(Self.seconds(follower.take(try Self.page([-1, -3, -5]), now: Self.now)) == [-3])
    }

    @Test func equalRecordsAreCounted() throws {
        var follower = LogFollower(shown: try Self.page([-1]), now: Self.now)
        #expect(
            Self.seconds(follower.take(try Self.page([-1, -1, -1]), now: Self.now)) == [-1, -1]
        )
        #expect(follower.take(try Self.page([-1, -1, -1]), now: Self.now).isEmpty)
    }

    @Test func aFirstPageOfNothingShowsWhatComes() throws {
        var follower = LogFollower(shown: [], now: Self.now)
        #expect(follower.start <= Self.now)
        #expect(
            Self.seconds(follower.take(try Self.page([1]), now: Self.now + 1_000_000_000)) == [1]
        )
    }

    @Test(arguments: [
        ("\"text\"", "text"), ("7", "7"),
        ("{\"b\":[1.5,null,true],\"a\":\"x\"}", "{a:\"x\",b:[1.5,null,true]}"),
    ])
    func bodiesOfAnyKindAreShown(json: String, text: String) throws {
        let bodies = try JSONDecoder().decode([LogBody].self, from: Data("[\(json)]".utf8))
        #expect(bodies.map(\.text) == [text])
    }
}
