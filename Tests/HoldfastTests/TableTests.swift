import Testing

@testable import holdfast

/// Checks of `Table`.
struct TableTests {
    @Test func columnsAreAligned() {
        var table = Table(.left("NAME"), .right("SPANS"), .left("X"))
        table.add("checkout", "7", "")
        table.add("ads", "12345", "yes")
        #expect(
            table.lines() == [
                "NAME      SPANS  X",
                "checkout      7",
                "ads       12345  yes",
            ]
        )
    }

    @Test(arguments: [40, 60, 80])
    func flexibleColumnsGiveWay(width: Int) {
        var table = Table(.left("ID"), .flexible("TEXT"), .right("N"))
        table.add("1", String(repeating: "long ", count: 40), "5")
        let lines = table.lines(width: width)
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines[1].contains("…"))
        #expect(lines[1].hasSuffix("5"))
    }

    @Test func aTableOfNothingIsItsHeadings() {
        #expect(Table(.left("A"), .right("B")).lines() == ["A  B"])
    }
}
