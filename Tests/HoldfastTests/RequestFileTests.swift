import Foundation
import OTLP
import Testing

@testable import holdfast

/// Checks of the files and numbers of `bench`.
struct RequestFileTests {
    private static func withFile<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("holdfast-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test func whatIsWrittenIsReadAndCounted() throws {
        let start: UInt64 = 1_795_247_700_000_000_000
        var shop = Shop(Shop.Settings(seed: 2, tracesPerSecond: 30, start: start))
        shop.advance(to: start + 60_000_000_000)
        let requests = shop.takeRequests(until: 0, isLast: true)
        for signal in Signal.allCases {
            let wanted = requests.filter { $0.signal == signal }
            try Self.withFile { path in
                var writer = try RequestFileWriter(path: path)
                for request in wanted { try writer.append(request.body) }
                try writer.finish()
                let file = try RequestFile(path: path, limit: nil)
                #expect(file.entries.map(\.length) == wanted.map(\.body.count))
                #expect(try file.recordCounts(signal) == wanted.map(\.records))
                #expect(try RequestFile(path: path, limit: 1).entries.count == 1)
            }
        }
    }

    @Test(arguments: [[5, 0, 0, 0, 1], [1, 0], [0xff, 0xff, 0xff, 0xff, 1], []] as [[UInt8]])
    func tornFilesAreRefused(bytes: [UInt8]) throws {
        try Self.withFile { path in
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(throws: CommandFailure.self) { try RequestFile(path: path, limit: nil) }
        }
    }

    @Test func bodiesThatAreNoProtobufAreNotCounted() throws {
        try Self.withFile { path in
            var writer = try RequestFileWriter(path: path)
            try writer.append([0x1f, 0x8b, 8, 0, 0xff, 0xff])
            try writer.finish()
            let file = try RequestFile(path: path, limit: nil)
            #expect(throws: CommandFailure.self) { try file.recordCounts(.traces) }
        }
    }

    @Test func processUsageIsReadFromProc() throws {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4 0 100 1 2"
        let usage = try #require(
            ProcessUsage(stat: stat, status: "Name:\tx\nVmHWM:\t  2048 kB\n", ticksPerSecond: 100)
        )
        #expect(usage.userSeconds == 2.5)
        #expect(usage.systemSeconds == 0.5)
        #expect(usage.peakResidentBytes == 2_097_152)
        #expect(ProcessUsage(stat: stat, status: "Name:\tx\n", ticksPerSecond: 100) == nil)
        #expect(ProcessUsage(stat: "42", status: "", ticksPerSecond: 100) == nil)
        #expect(throws: CommandFailure.self) { try ProcessUsage(pid: -1) }
    }

    @Test func queriesOfBothGeneratorsAreRead() throws {
        let text = #"""
            {"base": 1.5, "traces": [["ab", 3]],
             "search": [{"service": "s", "operation": "o", "win_start_us": 1, "win_end_us": 2, "min_us": 5},
                        {"service": "s", "operation": "o", "start_us": 3, "end_us": 4, "tags": {"a": "b"}}],
             "logs": [{"kind": "sev_phrase", "sev": "WARN", "phrase": "p"}, {"kind": "trace", "trace_id": "cd"}]}
            """#
        let file = try JSONDecoder().decode(QueryFile.self, from: Data(text.utf8))
        #expect(file.traces.map(\.spans) == [3])
        #expect(file.search.map(\.start) == [1, 3])
        #expect(file.search.map(\.end) == [2, 4])
        #expect(file.search.map(\.durationMin) == [5, nil])
        #expect(file.logs.map(\.kind) == ["severity_phrase", "trace"])
        #expect(file.logs.map(\.severity) == ["WARN", nil])
        let again = try JSONDecoder().decode(QueryFile.self, from: try JSONEncoder().encode(file))
        #expect(again.search.map(\.end) == [2, 4])
        #expect(again.logs.map(\.traceID) == [nil, "cd"])
        #expect(
            QueryRequest.groups(file, Set(QueryKind.allCases)).map(\.1.count) == [
                1, 1, 0, 1, 1, 0, 0, 0, 1, 1,
            ]
        )
    }
}
