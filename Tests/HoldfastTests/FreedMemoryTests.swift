import Testing

@testable import holdfast

struct FreedMemoryTests {
    @Test func aBusyTimeEndsOnceWithTheFirstQuietLook() {
        var watch = FreedMemory.Watch(used: .seconds(1))
        var used = Duration.seconds(1)
        // Processor time from look to look, and whether memory is returned then.
        for (milliseconds, isOver) in [
            (0, false), (249, false), (250, false), (9_000, false), (10, true), (10, false),
            (400, false), (249, true), (0, false),
        ] {
            used += .milliseconds(milliseconds)
            #expect(watch.isOver(used: used) == isOver, "\(milliseconds) ms")
        }
    }
}
