import Testing

@testable import holdfast

/// Checks of `TraceTree`.
struct TraceTreeTests {
    private static func node(
        _ id: String,
        _ parent: String?,
        _ start: Int64,
        _ duration: Int64,
        isError: Bool = false,
        exceptions: [String] = []
    ) -> TraceTree.Node {
        TraceTree.Node(
            id: id,
            parentID: parent,
            service: "s",
            operation: id,
            start: start * 1_000_000,
            duration: duration * 1_000_000,
            isError: isError,
            exceptions: exceptions
        )
    }

    @Test func childrenHangBelowTheirParentsInOrderOfTime() {
        let tree = TraceTree([
            Self.node("c", "a", 60, 30), Self.node("a", nil, 0, 100), Self.node("d", "b", 20, 10),
            Self.node("b", "a", 10, 40, isError: true, exceptions: ["Boom: it\nfell"]),
        ])
        #expect(
            tree.draw(width: 60)
                == [
                    "s a                                100ms  ━━━━━━━━━━━━━━━━━━",
                    "├─ ✗ s b                          40.0ms   ━━━━━━━━",
                    "│  │  ! Boom: it fell",
                    "│  └─ s d                         10.0ms     ━━━",
                    "└─ s c                            30.0ms            ━━━━━━━",
                ]
        )
    }

    @Test(arguments: [40, 80, 120, 300])
    func linesFitTheTerminal(width: Int) {
        var nodes = [Self.node("root", nil, 0, 1_000)]
        for depth in 1..<60 {
            nodes.append(
                Self.node(
                    "a span with a long name \(depth)",
                    depth == 1 ? "root" : "a span with a long name \(depth - 1)",
                    Int64(depth),
                    Int64(1_000 - 2 * depth),
                    isError: depth % 7 == 0,
                    exceptions: depth % 7 == 0 ? [String(repeating: "x", count: 400)] : []
                )
            )
        }
        let lines = TraceTree(nodes).draw(width: width)
        #expect(lines.count == 60 + 8)
        #expect(lines.allSatisfy { $0.count <= width })
    }

    @Test func spansWhoseParentIsMissingAreRoots() {
        let lines = TraceTree([Self.node("a", "gone", 0, 1), Self.node("b", nil, 5, 1)]).draw(
            width: 80
        )
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("s a"))
        #expect(lines[1].hasPrefix("s b"))
    }

    @Test func circlesAreDrawnOnce() {
        let lines = TraceTree([
            Self.node("a", "b", 0, 1), Self.node("b", "a", 0, 1), Self.node("c", "c", 0, 1),
        ])
        .draw(width: 80)
        #expect(lines.count == 3)
    }

    /// OTLP has times up to 2^64 ns, and nobody keeps a server from saying worse.
    @Test(
        arguments: [
            [(.max, .max)], [(.max, 5), (0, 1)], [(.min, 1), (.max, .max)], [(.min, .min)],
            [(0, .min), (.max, .min)], [(1 << 62, 1 << 62), (1 << 62, .max)],
        ] as [[(Int64, Int64)]]
    )
    func timesBeyondAnyClockAreDrawn(times: [(Int64, Int64)]) {
        let nodes = times.enumerated().map { index, time in
            TraceTree.Node(
                id: "\(index)",
                parentID: nil,
                service: "s",
                operation: "op",
                start: time.0,
                duration: time.1
            )
        }
        let lines = TraceTree(nodes).draw(width: 80)
        #expect(lines.count == times.count)
        #expect(lines.allSatisfy { $0.contains("━") && $0.count <= 80 })
    }

    @Test func saturatedNumbersStayInTheirRange() {
        #expect(Int64.max.addingSaturated(1) == .max)
        #expect(Int64.min.addingSaturated(-1) == .min)
        #expect(Int64.min.subtractingSaturated(1) == .min)
        #expect(Int64.max.subtractingSaturated(-1) == .max)
        #expect((-2 as Int64).addingSaturated(3) == 1)
        #expect((-2 as Int64).subtractingSaturated(3) == -5)
    }

    @Test func nothingIsDrawnOfNothing() {
        #expect(TraceTree([]).draw(width: 80).isEmpty)
    }
}
